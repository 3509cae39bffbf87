import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { type AuditContext, SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { releaseHold, takeUpHold, type TakeUp } from '../../db/offer-holds.ts';
import { type Offer, currentOffer, findOffer, lockOffer, skipWish } from '../../db/offers.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import {
  type Vacancy,
  WISH_BATCH,
  closeVacancy,
  findVacancy,
  nextWishes,
} from '../../db/waitlist.ts';
import type { WaitlistWish } from '../../db/models/waitlist-wish.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { firstState } from '../../domain/first-state.ts';
import type { Answered, EndOffer, NextOffer, OfferEnd } from './contract.ts';
import { type Offering, offerTo } from './vacancy-offer.ts';

/** Offers a free time to whoever is next in order; an offer that is open already is that one. */
export async function offerNext(knex: Knex, vacancyId: string): Promise<NextOffer> {
  const vacancy = await findVacancy(knex, vacancyId);
  if (vacancy === null) return { kind: 'over', state: 'gone' };
  if (vacancy.state !== 'open') return { kind: 'over', state: vacancy.state };
  const current = await currentOffer(knex, vacancyId);
  if (current !== null) return offered(current);
  for (let after: string | null = null; ;) {
    const wishes = await nextWishes(knex, vacancy, after);
    for (const wish of wishes) {
      const offering = await offerTo(knex, vacancy, wish, Date.now());
      const next = await noteOffering(knex, vacancy, wish, offering);
      if (next !== null) return next;
    }
    after = wishes.at(-1)?.id ?? null;
    if (wishes.length < WISH_BATCH) break;
  }
  await closeVacancy(knex, vacancyId, 'free', 'nobody_left');
  return { kind: 'over', state: 'free' };
}

/** Null goes on to the next in order. */
async function noteOffering(
  knex: Knex,
  vacancy: Vacancy,
  wish: WaitlistWish,
  offering: Offering,
): Promise<NextOffer | null> {
  switch (offering.kind) {
    case 'passed':
      return null;
    case 'skipped':
      await skipWish(knex, {
        id: newId(),
        clinicId: vacancy.clinicId,
        clientId: wish.clientId,
        vacancyId: vacancy.id,
        wishId: wish.id,
        therapistId: vacancy.therapistId,
        startsAt: new Date(vacancy.slot.startMs),
        reason: offering.reason,
      });
      return null;
    case 'gone':
      await closeVacancy(knex, vacancy.id, 'gone', offering.reason);
      return { kind: 'over', state: 'gone' };
    case 'offered':
      return offered((await findOffer(knex, offering.offerId))!);
  }
}

function offered({ id, sessionId, dueAt, sessionStartsAt }: Offer): NextOffer {
  return {
    kind: 'offered',
    offerId: id,
    sessionId: sessionId!,
    dueAt: dueAt?.getTime() ?? 0,
    startsAt: sessionStartsAt.getTime(),
  };
}

class NotTakenUp extends Error {
  readonly outcome: TakeUp;
  constructor(outcome: TakeUp) {
    super(outcome);
    this.outcome = outcome;
  }
}

/** Makes a booking of an offer, once; a repeated acceptance hears the same. */
export async function acceptOffer(knex: Knex, offerId: string): Promise<Answered> {
  const known = await findOffer(knex, offerId);
  if (known?.kind !== 'vacancy' || known.clientId === null) {
    throw new HoldfastError('not_found', 'There is no such offer.');
  }
  const context = {
    actor: { id: known.clientId, role: 'client', clinicId: known.clinicId },
    requestId: null,
  };
  try {
    return await inTransaction(knex, context, async (trx, audit) => {
      const offer = await lockOffer(trx, offerId);
      const session = await findSession(trx, known.sessionId!);
      if (offer === null || session === null) return refused('not_found');
      if (offer.state === 'accepted') return { kind: 'ended', state: 'accepted' } as const;
      if (offer.state !== 'open' || session.status !== 'held') return refused('wrong_state');
      const outcome = await takeUp(trx, offer, session, context);
      if (outcome !== 'taken_up') throw new NotTakenUp(outcome);
      audit({
        action: 'offer.accepted',
        objectType: 'offer',
        objectId: offerId,
        subjectId: offer.clientId,
        changes: { sessionId: session.id },
      });
      return { kind: 'ended', state: 'accepted' } as const;
    });
  } catch (error) {
    if (!(error instanceof NotTakenUp)) throw error;
    const isLimit = error.outcome === 'limit_exceeded';
    return refused(isLimit ? 'booking_limit_exceeded' : 'wrong_state');
  }
}

function refused(code: Extract<Answered, { kind: 'refused' }>['code']): Answered {
  return { kind: 'refused', code };
}

/** An accepted offer is a booking of this moment: its deadlines begin now. */
function takeUp(
  trx: Parameters<typeof takeUpHold>[0],
  offer: Offer,
  session: SessionRow,
  context: AuditContext,
): Promise<TakeUp> {
  const now = Date.now();
  const slot = { startMs: session.starts_at.getTime(), endMs: session.ends_at.getTime() };
  const isPaid = session.payment === 'due';
  const acceptsAutomatically = session.approval === 'not_needed';
  return takeUpHold(trx, { ...offer, clientId: offer.clientId! }, session, {
    state: firstState(session.plan, slot, isPaid, acceptsAutomatically, now),
    now,
    context,
  });
}

/** Ends an offer that nobody took, and its hold with it. One that has ended stays as it was. */
export async function endOffer(
  knex: Knex,
  { offerId, state }: EndOffer,
): Promise<{ state: OfferEnd }> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const offer = await lockOffer(trx, offerId);
    if (offer === null) throw new HoldfastError('not_found', 'There is no such offer.');
    if (offer.state !== 'open') return { state: offer.state as OfferEnd };
    const session = await findSession(trx, offer.sessionId!);
    const actorId = state === 'declined' ? offer.clientId : null;
    if (session !== null) await releaseHold(trx, offer, session, { state, actorId, context });
    audit({
      action: `offer.${state}`,
      objectType: 'offer',
      objectId: offerId,
      clinicId: offer.clinicId,
      subjectId: offer.clientId,
    });
    return { state };
  });
}
