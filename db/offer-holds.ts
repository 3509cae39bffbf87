import type { Knex } from 'knex';
import type { SessionState } from '../domain/session.ts';
import { type NewSession, bookedRow, wishesOf } from './bookings.ts';
import { tryClaim } from './claims.ts';
import { exceedsLimits } from './client-limits.ts';
import { type Offer, closeOffer } from './offers.ts';
import type { SessionRow } from './sessions.ts';
import { recordSimply } from './session-transitions.ts';
import type { AuditContext } from './audit/entry.ts';

export type HoldOutcome = 'held' | 'taken' | 'not_waiting';

export interface Hold {
  readonly session: NewSession;
  readonly offerId: string;
  readonly vacancyId: string;
  readonly wishId: string;
  /** Epoch ms. */
  readonly dueAt: number;
}

/**
 * Offers a free time to a client: a held session claims it for both of them until the offer is
 * due, so that nobody else can book it. The session has no client yet: whoever sees the therapist's
 * calendar learns nothing about who is being asked. On any other outcome than `held` the caller
 * rolls back.
 */
export async function insertHold(trx: Knex.Transaction, hold: Hold): Promise<HoldOutcome> {
  const { session, dueAt } = hold;
  const isClaimed = await tryClaim(trx, session.id, wishesOf(session), {
    slot: 'current',
    expiresAtMs: dueAt,
  });
  if (!isClaimed) return 'taken';
  // Under a lock, so that an offer never outlives a wish that is being removed.
  const wish = await trx('waitlist_wishes')
    .where({ id: hold.wishId, state: 'waiting' })
    .forShare()
    .first('id');
  if (wish === undefined) return 'not_waiting';
  await insertHeldSession(trx, session);
  return (await insertOffer(trx, hold)) ? 'held' : 'not_waiting';
}

async function insertHeldSession(trx: Knex.Transaction, session: NewSession): Promise<void> {
  const row = { ...bookedRow(session), client_id: null };
  await trx.raw(
    `WITH held AS (
       INSERT INTO sessions SELECT * FROM jsonb_populate_record(null::sessions, ?::jsonb)),
     noted AS (
       INSERT INTO session_events (session_id, kind, data) VALUES (?, 'offered', ?))
     INSERT INTO outbox (topic, clinic_id, payload) VALUES ('session.changed', ?, ?)`,
    [
      JSON.stringify(row),
      session.id,
      JSON.stringify({ status: 'held', startsAt: session.state.startsAt }),
      session.clinicId,
      JSON.stringify({ sessionId: session.id, status: 'held', event: 'offered' }),
    ],
  );
}

/** False when the time or the wish has another open offer: the database allows one of each. */
async function insertOffer(trx: Knex.Transaction, hold: Hold): Promise<boolean> {
  const { session, offerId, vacancyId, wishId, dueAt } = hold;
  const result = await trx.raw(
    `INSERT INTO offers (id, clinic_id, kind, client_id, session_id, vacancy_id, wish_id,
       therapist_id, session_starts_at, state, due_at)
     VALUES (?, ?, 'vacancy', ?, ?, ?, ?, ?, ?, 'open', ?) ON CONFLICT DO NOTHING`,
    [
      offerId,
      session.clinicId,
      session.clientId,
      session.id,
      vacancyId,
      wishId,
      session.therapistId,
      new Date(session.state.startsAt),
      new Date(dueAt),
    ],
  );
  return result.rowCount === 1;
}

export type TakeUp = 'taken_up' | 'limit_exceeded' | 'lapsed';

/**
 * Makes a session of the hold: it gets its client, an enrolment and the state of a fresh booking.
 * The database's clock decides: claims that are over have been lost. On any other outcome than
 * `taken_up` the caller rolls back. `session` is read in this transaction.
 */
export async function takeUpHold(
  trx: Knex.Transaction,
  offer: Offer & { readonly clientId: string },
  session: SessionRow,
  next: {
    readonly state: SessionState;
    readonly now: number;
    readonly context: AuditContext;
  },
): Promise<TakeUp> {
  if (await exceedsLimits(trx, offer.clientId, session)) return 'limit_exceeded';
  await trx('sessions')
    .where({ id: session.id })
    .update({ client_id: offer.clientId, created_at: new Date(next.now) });
  await trx.raw(
    `INSERT INTO enrolments (id, session_id, person_id, state)
     VALUES (gen_random_uuid(), ?, ?, 'reserved')`,
    [session.id, offer.clientId],
  );
  const step = {
    sessionId: session.id,
    version: session.version + 1,
    state: next.state,
    claims: { kind: 'keep' },
    event: 'taken_up',
    actorId: offer.clientId,
    data: { status: next.state.status },
  } as const;
  if ((await recordSimply(trx, step, next.context)) !== 'recorded') return 'lapsed';
  const fulfilled = await trx('waitlist_wishes')
    .where({ id: offer.wishId, state: 'waiting' })
    .update({ state: 'fulfilled', ended_at: trx.fn.now() });
  if (fulfilled === 0) return 'lapsed';
  await closeOffer(trx, offer.id, 'accepted');
  await trx('vacancies')
    .where({ id: offer.vacancyId })
    .update({ state: 'filled', closed_at: trx.fn.now() });
  return 'taken_up';
}

/** Ends an offer that was not accepted, and with it the hold: the time is free again. */
export async function releaseHold(
  trx: Knex.Transaction,
  offer: Offer,
  session: SessionRow,
  ending: {
    readonly state: 'declined' | 'lapsed' | 'withdrawn';
    readonly actorId: string | null;
    readonly context: AuditContext;
  },
): Promise<void> {
  await closeOffer(trx, offer.id, ending.state);
  if (session.status !== 'held') return;
  const step = {
    sessionId: session.id,
    version: session.version + 1,
    state: endedState(session, ending.state),
    claims: { kind: 'release' },
    event: `offer_${ending.state}`,
    actorId: ending.actorId,
    data: { by: ending.actorId === null ? 'system' : 'client' },
  } as const;
  await recordSimply(trx, step, ending.context);
}

function endedState(
  session: SessionRow,
  ending: 'declined' | 'lapsed' | 'withdrawn',
): SessionState {
  const core = {
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    approval: session.approval,
    payment: session.payment,
    scheduleVersion: session.schedule_version,
    answerDueAt: null,
    paymentDueAt: null,
    holdDueAt: null,
    proposal: null,
  };
  return ending === 'declined'
    ? { ...core, status: 'declined' }
    : { ...core, status: 'expired', missed: 'hold' };
}
