import { condition } from '@temporalio/workflow';
import type { ApplicationFailure } from '@temporalio/common';
import type { ErrorCode } from '../../domain/errors.ts';
import type { PaymentStanding, SessionEvent } from '../../domain/session.ts';
import { type Applied, type Cause, type Course, apply } from './course.ts';
import { refusal } from '../arguments.ts';
import { owesCapture } from './money.ts';

/** How long a caller waits for the provider to finish what has been decided already. */
export const CALLER_WAITS_MS = 8_000;

/** Applies an event for a caller, who hears why when it is refused. */
export async function must(course: Course, event: SessionEvent, cause: Cause): Promise<void> {
  unlessRefused(await apply(course, event, cause));
}

/** Tells the caller why nothing has come of it. */
export function unlessRefused(applied: Applied): void {
  if (applied.kind === 'refused') throw refusedBecause(applied.code);
}

export function refusedBecause(code: ErrorCode): ApplicationFailure {
  return refusal(code, REFUSALS[code] ?? code);
}

const REFUSALS: Readonly<Record<string, string>> = {
  forbidden: 'Only the clinic may set the cancellation rule aside.',
  wrong_state: 'The session is in a state in which this cannot be done.',
  slot_unavailable: 'This time is no longer available.',
  time_in_past: 'The time of the session has already passed.',
  cancellation_deadline_passed: 'The session has started; it can no longer be cancelled.',
  reschedule_deadline_passed: 'The session can no longer be rescheduled.',
};

/** What an authorised payment leads to is told once it has been captured. */
export function noticeOfApproval(payment: PaymentStanding): 'approved' | 'confirmed' | null {
  if (payment === 'authorised') return null;
  return payment === 'due' ? 'approved' : 'confirmed';
}

/** The course captures by itself; the caller waits a little to hear the result. */
export async function untilCaptured(course: Course): Promise<void> {
  if (owesCapture(course)) await condition(() => !owesCapture(course), CALLER_WAITS_MS);
}
