import { assertNever } from './assert-never.ts';
import { type Plan, paymentDueAt } from './plan.ts';
import { type SessionState, decide } from './session.ts';

/** What stands in the enrolment of a person in a session. */
export type EnrolmentState =
  'invited' | 'reserved' | 'confirmed' | 'attended' | 'absent' | 'left' | 'cancelled';

/** The states in which an enrolment takes a seat. */
export const SEATED_STATES = ['reserved', 'confirmed'] as const satisfies EnrolmentState[];

/**
 * A member of a group lives through a session as a lone client does, with the same rules for
 * money, absence and leaving; this names where they stand with it.
 */
export function enrolmentStateOf(seat: SessionState): EnrolmentState {
  switch (seat.status) {
    case 'planned':
    case 'held':
    case 'requested':
    case 'awaiting_payment':
      return 'reserved';
    case 'confirmed':
    case 'in_progress':
      return 'confirmed';
    case 'completed':
      return 'attended';
    case 'no_show':
      return 'absent';
    case 'cancelled':
      return seat.by === 'client' ? 'left' : 'cancelled';
    case 'declined':
    case 'expired':
      return 'cancelled';
    default:
      return assertNever(seat);
  }
}

export interface SeatTerms {
  readonly plan: Plan;
  readonly startsAt: number;
  readonly endsAt: number;
  /** What the member has to pay, minor units. */
  readonly dueCents: number;
  readonly scheduleVersion: number;
}

/** A fresh member's seat: nobody has to approve it, and it waits only for its payment. */
export function firstSeat(terms: SeatTerms, now: number): SessionState {
  const { plan, startsAt, endsAt, dueCents, scheduleVersion } = terms;
  const isPaid = dueCents > 0;
  const held: SessionState = {
    status: 'held',
    startsAt,
    endsAt,
    approval: 'not_needed',
    payment: isPaid ? 'due' : 'not_due',
    holdDueAt: null,
    answerDueAt: null,
    paymentDueAt: isPaid ? paymentDueAt(plan, now, startsAt) : null,
    proposal: null,
    scheduleVersion,
  };
  const submitted = decide(held, { type: 'submit' }, now);
  return submitted.kind === 'moved' ? submitted.state : held;
}
