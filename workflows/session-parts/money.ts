import { proxyActivities } from '@temporalio/workflow';
import type {
  AuthoriseOutcome,
  MoneyActivities,
  SyncOutcome,
} from '../../activities/money/contract.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { paymentDueAt } from '../../domain/plan.ts';
import { type SessionEvent, isEnded } from '../../domain/session.ts';
import { PROVIDER } from '../activity-options.ts';
import type { Actor, RefundState } from '../messages/session.ts';
import { type Course, SYSTEM, apply, subjectOf } from './course.ts';

const money = proxyActivities<MoneyActivities>(PROVIDER);

/** Approved and authorised: only the capture is left. */
export function owesCapture({ state }: Course): boolean {
  return state.status === 'awaiting_payment' && state.payment === 'authorised';
}

export async function capture(course: Course): Promise<void> {
  const outcome = await money.capturePayment(subjectOf(course));
  if (outcome.kind === 'captured') {
    await apply(course, { type: 'payment_captured' }, { actor: SYSTEM, notice: 'confirmed' });
  } else {
    await lapse(course);
  }
}

/** Nothing came of the authorisation: the session waits for a payment again. */
export async function lapse(course: Course): Promise<void> {
  const dueAt = paymentDueAt(course.plan, Date.now(), course.state.startsAt);
  await apply(
    course,
    { type: 'payment_lapsed', paymentDueAt: dueAt },
    { actor: SYSTEM, notice: 'payment_lapsed' },
  );
}

/** Takes a payment's outcome into the session's life; money for an ended session goes back. */
export async function receive(
  course: Course,
  outcome: AuthoriseOutcome | SyncOutcome,
  actor: Actor,
): Promise<void> {
  const event = eventOf(outcome);
  if (event === null) return;
  const { approval, status } = course.state;
  const completesBooking =
    event.type !== 'payment_authorised' && approval !== 'awaited' && status !== 'confirmed';
  const applied = await apply(course, event, {
    actor,
    ...(completesBooking ? { notice: 'confirmed' as const } : {}),
  });
  // What the session had when it ended is settled with its end, or was earned.
  const isLate = isEnded(course.state.status) && course.state.payment === 'due';
  if (applied.kind === 'refused' && isLate) await giveBack(course, 'late');
}

function eventOf(outcome: AuthoriseOutcome | SyncOutcome): SessionEvent | null {
  switch (outcome.kind) {
    case 'authorised':
      return { type: 'payment_authorised', captureBeforeAt: outcome.captureBeforeAt };
    case 'saved':
      return { type: 'card_saved' };
    case 'captured':
      return { type: 'payment_captured' };
    case 'unknown':
    case 'action_required':
    case 'requires_action':
    case 'processing':
    case 'created':
    case 'failed':
    case 'voided':
    case 'lapsed':
    case 'refunded':
      return null;
    default:
      return assertNever(outcome);
  }
}

/** Asks the provider what became of the payments that it has news of. */
export async function readNews(course: Course): Promise<void> {
  // A copy, since what arrives meanwhile must not keep the session from its own next step.
  const waiting = [...course.news];
  for (const paymentId of waiting) {
    // Deleted first: news that arrives while the provider is being asked is news again.
    course.news.delete(paymentId);
    const outcome = await money.syncPayment({ paymentId, ...subjectOf(course) });
    const isLost = outcome.kind === 'lapsed' || outcome.kind === 'voided';
    if (isLost && !isEnded(course.state.status)) await lapse(course);
    else await receive(course, outcome, SYSTEM);
  }
}

/** The payment's time is up. When the money was faster than the deadline, the money decides. */
export async function passPaymentDeadline(course: Course): Promise<void> {
  const closing = await money.closeUnpaid(subjectOf(course));
  if (closing.kind === 'closed') {
    await apply(
      course,
      { type: 'deadline_passed', deadline: 'payment' },
      { actor: SYSTEM, name: 'expired', notice: 'expired' },
    );
  } else if (closing.paymentState === 'captured') {
    await receive(course, { kind: 'captured' }, SYSTEM);
  } else {
    await receive(course, { kind: 'authorised', captureBeforeAt: null }, SYSTEM);
  }
}

/** Settles the money of a session that has ended, once, by how it ended. */
export async function settleMoney(course: Course): Promise<void> {
  const { status, payment } = course.state;
  const hasTakenPlace = status === 'completed' || status === 'no_show';
  if (hasTakenPlace || payment === 'not_due') course.refund = 'none';
  else if (payment === 'due') course.refund = await closeOrGiveBack(course);
  else course.refund = await giveBack(course, 'end');
}

async function closeOrGiveBack(course: Course): Promise<RefundState> {
  const closing = await money.closeUnpaid(subjectOf(course));
  return closing.kind === 'closed' ? 'none' : giveBack(course, 'end');
}

/** Voids what was only authorised; refunds what the policy gives back of what was captured. */
async function giveBack(course: Course, step: 'end' | 'late'): Promise<RefundState> {
  const { refundCents } = course;
  const subject = subjectOf(course);
  const voiding = await money.voidPayment(subject);
  if (voiding.kind === 'voided') return 'refunded';
  if (voiding.kind === 'nothing' || refundCents === 0) return 'none';
  const reason = course.state.status;
  const refund = await money.refundPayment({ ...subject, refundCents, reason, step });
  if (refund.kind !== 'nothing') course.givenBackCents = refundCents;
  return refund.kind === 'nothing' ? 'none' : refund.kind;
}
