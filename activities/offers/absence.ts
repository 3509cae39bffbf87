import type { Knex } from 'knex';
import type { Client } from '@temporalio/client';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import {
  type Offer,
  closeOffer,
  currentHoldOf,
  findOffer,
  liesInTimeOff,
  openChoices,
} from '../../db/offers.ts';
import { findRecipient } from '../../db/recipients.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { openTask } from '../../db/tasks.ts';
import { inTransaction } from '../../db/transaction.ts';
import { type AbsenceChoice, absenceDueAt } from '../../domain/absence.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { workflowId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/session.ts';
import { choicesFor, recheck } from './absence-choices.ts';
import { callOff, moveTo, refuseProposal } from './affected-session.ts';
import type { AbsenceOpening, Answered, CancelForAbsence, OfferEnd } from './contract.ts';
import { withdraw } from './starting.ts';

export interface AbsenceDeps {
  readonly knex: Knex;
  readonly temporal: Client;
}

interface Affected {
  readonly offer: Offer;
  readonly session: SessionRow;
}

async function affected(knex: Knex, offerId: string): Promise<Affected> {
  const offer = await findOffer(knex, offerId);
  const session = offer?.sessionId == null ? null : await findSession(knex, offer.sessionId);
  if (offer === null || session === null) {
    throw new HoldfastError('not_found', 'There is no such offer.');
  }
  return { offer, session };
}

/** Why there is nothing to offer: the session is over, under way, or has moved away by itself. */
function obstacle({ offer, session }: Affected): string | null {
  if (isEnded(session.status)) return 'session_over';
  if (session.status === 'in_progress') return 'session_under_way';
  const isWhereItWas =
    session.starts_at.getTime() === offer.sessionStartsAt.getTime() &&
    session.therapist_id === offer.therapistId;
  return isWhereItWas ? null : 'session_moved';
}

/**
 * Lays out what the client may choose, once, and until when. Where nobody can choose, a human is
 * asked to see to it; the deadline stands all the same, so that no session is forgotten.
 */
export async function openAbsence(deps: AbsenceDeps, offerId: string): Promise<AbsenceOpening> {
  const { knex } = deps;
  const { offer, session } = await affected(knex, offerId);
  const startsAt = offer.sessionStartsAt.getTime();
  if (offer.state !== 'preparing') return openingOf(offer);
  const reason = obstacle({ offer, session });
  if (reason !== null) return skip(deps, offer, reason);
  if (session.status === 'held') return releaseTheHold(deps, offer, session);
  if (!(await liesInTimeOff(knex, session.id))) {
    await refuseProposal(deps, session, offer);
    return skip(deps, offer, 'only_proposed');
  }
  const now = Date.now();
  const dueAt = absenceDueAt(now, startsAt);
  const choices = session.client_id === null ? [] : await choicesFor(knex, session, now);
  await askForHelp(knex, { offer, session });
  await openChoices(knex, offerId, choices, new Date(dueAt));
  return { kind: 'open', dueAt, startsAt };
}

function openingOf({ state, dueAt, sessionStartsAt }: Offer): AbsenceOpening {
  return state === 'open'
    ? { kind: 'open', dueAt: dueAt!.getTime(), startsAt: sessionStartsAt.getTime() }
    : { kind: 'over', state: state as OfferEnd };
}

async function skip({ knex }: AbsenceDeps, offer: Offer, reason: string): Promise<AbsenceOpening> {
  if (reason === 'session_under_way') await openHumanTask(knex, offer, reason);
  await end(knex, offer, 'skipped', { reason });
  return { kind: 'over', state: 'skipped' };
}

/** Nobody has booked what is only held: whoever holds it hears that the time is gone. */
async function releaseTheHold(
  deps: AbsenceDeps,
  offer: Offer,
  session: SessionRow,
): Promise<AbsenceOpening> {
  const hold = await currentHoldOf(deps.knex, session.id);
  if (hold === null) await callOff(deps, session, offer);
  else await withdraw(deps.temporal, workflowId('offer', hold.vacancyId!), hold.id);
  return skip(deps, offer, 'only_held');
}

async function askForHelp(knex: Knex, { offer, session }: Affected): Promise<void> {
  if (session.client_id === null) return openHumanTask(knex, offer, 'group_session');
  const recipient = await findRecipient(knex, session.client_id);
  if (recipient === null || recipient.channels.length === 0) {
    await openHumanTask(knex, offer, 'client_unreachable');
  }
}

async function openHumanTask(knex: Knex, offer: Offer, why: string): Promise<void> {
  await openTask(knex, {
    clinicId: offer.clinicId,
    key: `absence:${offer.id}:${why}`,
    kind: 'absence_needs_human',
    sessionId: offer.sessionId,
    data: { why, offerId: offer.id, exceptionId: offer.exceptionId },
  });
}

async function end(
  knex: Knex,
  offer: Offer,
  state: OfferEnd,
  facts: { reason?: string; chosen?: AbsenceChoice } = {},
): Promise<void> {
  await inTransaction(knex, { actor: SYSTEM_ACTOR, requestId: null }, async (trx, audit) => {
    if (!(await closeOffer(trx, offer.id, state, facts))) return;
    audit({
      action: `offer.${state}`,
      objectType: 'offer',
      objectId: offer.id,
      clinicId: offer.clinicId,
      subjectId: offer.clientId,
      changes: { sessionId: offer.sessionId, choice: facts.chosen?.kind ?? null },
    });
  });
}

/** Moves the session to the chosen time. Where somebody was faster, the client gets fresh choices. */
export async function moveForAbsence(
  deps: AbsenceDeps,
  input: { readonly offerId: string; readonly choiceId: string },
): Promise<Answered> {
  const { knex } = deps;
  const { offer, session } = await affected(knex, input.offerId);
  if (offer.state !== 'open') return alreadyEnded(offer, input.choiceId);
  const choice = offer.choices.find(({ id }) => id === input.choiceId);
  if (choice === undefined || choice.kind === 'refund') return refused('refused_by_rule');
  if (!isAt(session, choice)) {
    const reason = obstacle({ offer, session });
    if (reason !== null) return closedBecause(knex, offer, reason);
    const verdict = await recheck(knex, session, choice, Date.now());
    const needsApproval = verdict === 'free_if_approved';
    const outcome =
      verdict === 'taken' ? 'taken' : await moveTo(deps, { offer, session, choice, needsApproval });
    if (outcome === 'over') return closedBecause(knex, offer, 'session_over');
    if (outcome === 'taken') return freshChoices(knex, { offer, session });
  }
  await end(knex, offer, 'accepted', { chosen: choice });
  return { kind: 'ended', state: 'accepted' };
}

function isAt(session: SessionRow, choice: Exclude<AbsenceChoice, { kind: 'refund' }>): boolean {
  const { therapistId, startsAt } = choice;
  return session.starts_at.getTime() === startsAt && session.therapist_id === therapistId;
}

function alreadyEnded(offer: Offer, choiceId: string): Answered {
  const isSame = offer.state === 'accepted' && offer.chosen?.id === choiceId;
  return isSame ? { kind: 'ended', state: 'accepted' } : refused('wrong_state');
}

function refused(code: Extract<Answered, { kind: 'refused' }>['code']): Answered {
  return { kind: 'refused', code };
}

async function closedBecause(knex: Knex, offer: Offer, reason: string): Promise<Answered> {
  await end(knex, offer, 'withdrawn', { reason });
  return { kind: 'ended', state: 'withdrawn' };
}

async function freshChoices(knex: Knex, { offer, session }: Affected): Promise<Answered> {
  await openChoices(knex, offer.id, await choicesFor(knex, session, Date.now()), offer.dueAt!);
  return refused('slot_unavailable');
}

/** Nobody pays for a session that the therapist's absence prevents: everything goes back. */
export async function cancelForAbsence(
  deps: AbsenceDeps,
  { offerId, state }: CancelForAbsence,
): Promise<Answered> {
  const { knex } = deps;
  const { offer, session } = await affected(knex, offerId);
  if (offer.state !== 'open') {
    return offer.state === state ? { kind: 'ended', state } : refused('wrong_state');
  }
  const reason = obstacle({ offer, session });
  if (reason === 'session_under_way') await openHumanTask(knex, offer, reason);
  if (await hasMoved(knex, { offer, session })) return { kind: 'ended', state: 'accepted' };
  // The cancellation of an earlier attempt leaves an ended session behind.
  const wasCalledOff = session.status === 'cancelled' && session.cancelled_by === 'therapist';
  if (reason !== null && !wasCalledOff) return closedBecause(knex, offer, reason);
  if (reason === null && !(await isCalledOff(deps, { offer, session }))) {
    await openHumanTask(knex, offer, 'not_cancelled');
    return closedBecause(knex, offer, 'session_under_way');
  }
  const refund = { id: 'refund', kind: 'refund' } as const;
  await end(knex, offer, state, state === 'accepted' ? { chosen: refund } : {});
  return { kind: 'ended', state };
}

/** A move whose answer was lost on the way stands: it was the client's choice. */
async function hasMoved(knex: Knex, { offer, session }: Affected): Promise<boolean> {
  const chosen = offer.choices.find((each) => each.kind !== 'refund' && isAt(session, each));
  if (chosen === undefined || isEnded(session.status)) return false;
  await end(knex, offer, 'accepted', { chosen });
  return true;
}

async function isCalledOff(deps: AbsenceDeps, { offer, session }: Affected): Promise<boolean> {
  if ((await callOff(deps, session, offer)) === 'done') return true;
  const after = await findSession(deps.knex, session.id);
  return after !== null && isEnded(after.status);
}

/** The time off is no more: whoever has not decided yet keeps their session. */
export async function withdrawAbsence(
  { knex }: AbsenceDeps,
  offerId: string,
): Promise<{ state: OfferEnd }> {
  const { offer, session } = await affected(knex, offerId);
  if (offer.state !== 'open' && offer.state !== 'preparing') {
    return { state: offer.state as OfferEnd };
  }
  if (await hasMoved(knex, { offer, session })) return { state: 'accepted' };
  const reason = obstacle({ offer, session });
  await end(knex, offer, 'withdrawn', { reason: reason ?? 'time_off_ended' });
  return { state: 'withdrawn' };
}
