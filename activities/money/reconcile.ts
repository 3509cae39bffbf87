import { findPayment } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { openTask } from '../../db/tasks.ts';
import { holdsMoney } from '../../domain/payment.ts';
import { isEnded } from '../../domain/session.ts';
import { release } from './close.ts';
import { loadPayment } from './context.ts';
import type { MoneyDeps } from './deps.ts';
import { retryLater } from './failures.ts';
import { refundOne, resumeRefunds } from './refund.ts';
import { refundAll, syncPayment } from './sync.ts';
import { owedAtEnd } from './unsettled.ts';

/** `not_yet`: the session's workflow still has to do with its end. */
export type Revival = 'taken_back' | 'not_yet' | 'gone';

/**
 * Begins an expired session again when its slot is still free; `gone` when it is not, or
 * when nobody knows how. Called at most once with success for a session.
 */
export type ReviveSession = (input: {
  readonly sessionId: string;
  readonly paymentId: string;
}) => Promise<Revival>;

/**
 * - `in_order`: the session and its money agree;
 * - `left_to_session`: the session has not ended, its own workflow decides;
 * - `taken_back`: the slot was still free, the session goes on with the money;
 * - `released`, `refunded`: money without a session has gone back.
 */
export interface ReconcileOutcome {
  readonly kind: 'in_order' | 'left_to_session' | 'taken_back' | 'released' | 'refunded';
}

/** How long a session may take over its end before it is not taken back any more. */
const PATIENCE_MS = 10 * 60_000;

export interface ReconcileInput {
  readonly paymentId: string;
  /** Nobody looks again: what is still not settled becomes a task for a human. */
  readonly isLastLook: boolean;
}

/** Squares a payment with a session that has ended: never charged without a session or a refund. */
export async function reconcilePayment(
  deps: MoneyDeps & { readonly reviveSession: ReviveSession },
  { paymentId, isLastLook }: ReconcileInput,
): Promise<ReconcileOutcome> {
  await syncPayment(deps, { paymentId });
  const { payment, session } = await loadPayment(deps.knex, paymentId);
  if (await resumeRefunds(deps, payment)) return { kind: 'refunded' };
  if (!holdsMoney(payment.state)) return { kind: 'in_order' };
  if (!isEnded(session.status)) {
    if (isLastLook) await reportMismatch(deps, payment, session);
    return { kind: 'left_to_session' };
  }
  if (payment.state === 'captured' && isEarned(payment, session)) {
    return settleEnd(deps, payment, session);
  }
  // A member's seat may be somebody else's by now, so that their late money goes back.
  const isWhole = session.enrolment_id === undefined;
  if (isWhole && session.status === 'expired' && session.starts_at.getTime() > deps.now()) {
    const revival = await deps.reviveSession({ sessionId: session.id, paymentId });
    if (revival === 'taken_back') return { kind: revival };
    // A session whose end takes that long is not waited for: its client wants the money back.
    if (revival === 'not_yet' && deps.waitedMs() < PATIENCE_MS) throw retryLater('session_ending');
  }
  return giveBack(deps, payment, session);
}

/**
 * What was taken before a session ended was the session's own business: its fee and its
 * refund have been decided. What was taken afterwards, or for nothing, was not.
 */
function isEarned(payment: PaymentRow, session: SessionRow): boolean {
  if (session.status === 'completed' || session.status === 'no_show') return true;
  if (session.status !== 'cancelled' || payment.captured_at === null) return false;
  return payment.captured_at <= session.updated_at;
}

/** The refund that the end has decided, which its own workflow may not have come to. */
async function settleEnd(
  deps: MoneyDeps,
  payment: PaymentRow,
  session: SessionRow,
): Promise<ReconcileOutcome> {
  const refundCents = await owedAtEnd(deps.knex, payment, session);
  if (refundCents === 0) return { kind: 'in_order' };
  const wish = { refundCents, reason: session.status, step: 'end' };
  await refundOne(deps, payment, session.clinic_id, wish);
  return { kind: 'refunded' };
}

/** The session goes on, as far as its row says, but nothing carries it: only a human can tell. */
async function reportMismatch(
  { knex }: MoneyDeps,
  payment: PaymentRow,
  session: SessionRow,
): Promise<void> {
  await openTask(knex, {
    clinicId: session.clinic_id,
    key: `payment_mismatch/${payment.id}`,
    kind: 'payment_mismatch',
    sessionId: session.id,
    paymentId: payment.id,
    data: { paymentState: payment.state, sessionStatus: session.status },
  });
}

async function giveBack(
  deps: MoneyDeps,
  payment: PaymentRow,
  session: SessionRow,
): Promise<ReconcileOutcome> {
  const released =
    payment.state === 'authorised' ? await release(deps, payment, session.clinic_id) : payment;
  if (released.state !== 'captured') return { kind: 'released' };
  const current = (await findPayment(deps.knex, payment.id)) ?? released;
  await refundAll(deps, current, session.clinic_id, 'no_session');
  return { kind: 'refunded' };
}
