import { type Plan, answerDueAt, paymentDueAt } from './plan.ts';
import { type SessionState, decide } from './session.ts';
import type { Slot } from './slots.ts';

/** What a fresh booking waits for first, by the one transition function. */
export function firstState(
  plan: Plan,
  slot: Slot,
  isPaid: boolean,
  acceptsAutomatically: boolean,
  now: number,
): SessionState {
  const held = heldState(plan, slot, isPaid, acceptsAutomatically, now);
  const decision = decide(held, { type: 'submit' }, now);
  return decision.kind === 'moved' ? decision.state : held;
}

/** The same before it is submitted; `holdDueAt` is left to whoever holds it. */
export function heldState(
  plan: Plan,
  slot: Slot,
  isPaid: boolean,
  acceptsAutomatically: boolean,
  now: number,
): SessionState & { readonly status: 'held' } {
  const needsApproval = plan.approval.by === 'therapist' && !acceptsAutomatically;
  return {
    status: 'held',
    startsAt: slot.startMs,
    endsAt: slot.endMs,
    approval: needsApproval ? 'awaited' : 'not_needed',
    payment: isPaid ? 'due' : 'not_due',
    holdDueAt: null,
    answerDueAt: needsApproval ? answerDueAt(plan, now, slot.startMs) : null,
    paymentDueAt: isPaid ? paymentDueAt(plan, now, slot.startMs) : null,
    proposal: null,
    scheduleVersion: 1,
  };
}
