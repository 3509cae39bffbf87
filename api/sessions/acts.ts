import type { SessionRow } from '../../db/sessions.ts';
import type { CancellationOverride } from '../../domain/cancellation.ts';
import { type CancellationQuote, quote, rescheduleRefusal } from '../../domain/cancellation.ts';
import { HoldfastError } from '../../domain/errors.ts';
import * as messages from '../../workflows/messages/session.ts';
import { partyOf, relationTo } from '../access/session-access.ts';
import type { Call } from '../http/handler.ts';
import { cancelPlanned } from '../series/cancel-planned.ts';
import { freeTermsOf } from './free-terms.ts';
import { askSession } from './messages.ts';
import { announceReason, forgetRefused, keepReason } from './reason.ts';

/** Who asks, as the session's workflow knows people. */
export function actorOf(call: Call, session: SessionRow): messages.Actor {
  const party = partyOf(relationTo(call.principal, session));
  return { personId: call.principal.personId, party };
}

export function approve(call: Call, session: SessionRow): Promise<messages.StandingAnswer> {
  const request = { actor: actorOf(call, session) };
  return askSession(call.deps, session, messages.approveUpdate, request, call.newId);
}

export function decline(call: Call, session: SessionRow): Promise<messages.StandingAnswer> {
  const request = { actor: actorOf(call, session) };
  return askSession(call.deps, session, messages.declineUpdate, request, call.newId);
}

export function markAttendance(
  call: Call,
  session: SessionRow,
  attendance: 'attended' | 'absent',
): Promise<messages.StandingAnswer> {
  const request = { actor: actorOf(call, session), attendance };
  return askSession(call.deps, session, messages.attendanceUpdate, request, call.newId);
}

export interface CancelWish {
  readonly wantsRefund: boolean;
  readonly fee: CancellationOverride;
  /** Where the reason is on record. */
  readonly revisionId?: string;
}

export function cancel(
  call: Call,
  session: SessionRow,
  wish: CancelWish,
): Promise<messages.CancelAnswer> {
  const actor = actorOf(call, session);
  if (session.status === 'planned') return cancelPlanned(call, session, actor, wish.revisionId);
  const request = { actor, ...wish };
  return askSession(call.deps, session, messages.cancelUpdate, request, call.newId);
}

/**
 * The same with why, which is on record with it or not at all. Why a group's member gave up their
 * seat is kept with the seat, right after it.
 */
export async function cancelFor(
  call: Call,
  session: SessionRow,
  reason: string | undefined,
  wish: CancelWish,
): Promise<messages.CancelAnswer> {
  if (session.enrolment_id !== undefined) {
    const answer = await cancel(call, session, wish);
    await keepReason(call, session, reason);
    return answer;
  }
  const named = await announceReason(call, session, reason);
  try {
    return await cancel(call, session, { ...wish, ...named });
  } catch (error) {
    await forgetRefused(call, error);
    throw error;
  }
}

/** What a cancellation by this caller costs at `now`; a refusal is thrown. */
export function quoteFor(call: Call, session: SessionRow, now: number): CancellationQuote {
  const terms = quote({
    ...freeTermsOf(session),
    now,
    dueCents: session.due_cents,
    paidCents: session.payment === 'captured' ? session.due_cents : 0,
    by: actorOf(call, session).party,
  });
  if (terms.kind === 'quote') return terms;
  throw new HoldfastError(terms.code, 'The session has started; it can no longer be cancelled.');
}

/** Refuses what the policy forbids before anything is claimed. */
export function assertReschedulable(call: Call, session: SessionRow, now: number): void {
  const code = rescheduleRefusal({
    plan: session.plan,
    startsAt: session.starts_at.getTime(),
    bookedAt: session.created_at.getTime(),
    now,
    by: actorOf(call, session).party,
  });
  if (code !== null) {
    throw new HoldfastError(
      code,
      'It is too late to move this session; it can still be cancelled.',
    );
  }
}
