import { settleCredits } from '../../db/credits.ts';
import { applyFacts, closeUnknown, listPayments, lockPayment } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import { holdsMoney, isOver } from '../../domain/payment.ts';
import { chargeOfPayment } from './charge.ts';
import { creditPaymentOf, loadSession } from './context.ts';
import type { CloseOutcome, Subject, VoidOutcome } from './contract.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp, retryLater } from './failures.ts';
import { cancelOnce, isCancellable } from './intent-steps.ts';
import { stepKey } from './keys.ts';
import { observeIntent, observeSetup, recordEnd } from './observe.ts';

export type ClosedPayment =
  | { readonly kind: 'closed' }
  | { readonly kind: 'processing' }
  | { readonly kind: 'paid'; readonly payment: PaymentRow };

/** How long a session waits for a bank that has not decided, before it ends without it. */
const PATIENCE_MS = 10 * 60_000;
const ASK_AGAIN_MS = 2_000;

/**
 * Makes sure that nothing can be charged for a session any more. The provider is asked what
 * has become of each attempt before it is cancelled, so that money which was faster than the
 * deadline counts. While the bank is still deciding, it is asked again, up to ten minutes;
 * what it decides after that is reconciled.
 */
export async function closeUnpaid(deps: MoneyDeps, subject: Subject): Promise<CloseOutcome> {
  const { clinic_id } = await loadSession(deps.knex, subject);
  let waits = false;
  for (const payment of await listPayments(deps.knex, subject)) {
    const closed = await closePayment(deps, payment, clinic_id, 'closed');
    if (closed.kind === 'paid') return paidOutcome(closed.payment);
    waits ||= closed.kind === 'processing';
  }
  if (waits && deps.waitedMs() < PATIENCE_MS) throw retryLater('bank_undecided', ASK_AGAIN_MS);
  return { kind: 'closed' };
}

function paidOutcome({ state }: PaymentRow): CloseOutcome {
  return { kind: 'paid', paymentState: state === 'authorised' ? 'authorised' : 'captured' };
}

/** Closes one attempt unless it holds money. */
export async function closePayment(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
  reason: 'closed' | 'superseded',
): Promise<ClosedPayment> {
  if (payment.state === 'captured') return { kind: 'paid', payment };
  if (isOver(payment.state)) return { kind: 'closed' };
  if (payment.method === 'credits') return closeCredits(deps, payment, clinicId, reason);
  if (payment.provider_ref !== null) return closeIntent(deps, payment, payment.provider_ref);
  if (payment.setup_ref !== null) return closeSetup(deps, payment, payment.setup_ref, reason);
  return closeUnasked(deps, payment, reason);
}

/** The provider has not been asked yet; an attempt that is just about to ask finds itself closed. */
async function closeUnasked(
  deps: MoneyDeps,
  payment: PaymentRow,
  reason: 'closed' | 'superseded',
): Promise<ClosedPayment> {
  if (holdsMoney(payment.state)) return { kind: 'paid', payment };
  if (await closeUnknown(deps.knex, payment.id, reason)) return { kind: 'closed' };
  throw retryLater('payment_moved', 0);
}

async function closeIntent(
  deps: MoneyDeps,
  payment: PaymentRow,
  ref: string,
): Promise<ClosedPayment> {
  const found = await deps.cards.retrieveIntent(ref);
  const intent = isCancellable(found)
    ? await cancelOnce(deps, chargeOfPayment(deps, payment), found)
    : found;
  const row = await observeIntent(deps, payment.id, intent);
  if (intent.status === 'canceled') return { kind: 'closed' };
  if (intent.status === 'requires_capture') return { kind: 'paid', payment: row };
  if (intent.status === 'succeeded') {
    return row.state === 'refunded' ? { kind: 'closed' } : { kind: 'paid', payment: row };
  }
  if (intent.status === 'processing') return { kind: 'processing' };
  throw retryLater('payment_moved');
}

/** A saved card holds no money; a set-up that is still open must not be finished any more. */
async function closeSetup(
  deps: MoneyDeps,
  payment: PaymentRow,
  ref: string,
  reason: 'closed' | 'superseded',
): Promise<ClosedPayment> {
  const setup = await deps.cards.retrieveSetup(ref);
  if (setup.status !== 'succeeded' && setup.status !== 'canceled') {
    const cancelled = await deps.cards.cancelSetup(ref, stepKey(payment, 'save/cancel'));
    await observeSetup(deps, payment.id, cancelled);
  }
  await recordEnd(deps, payment.id, 'voided', reason);
  return { kind: 'closed' };
}

async function closeCredits(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
  reason: 'closed' | 'superseded',
): Promise<ClosedPayment> {
  if (payment.state === 'authorised') return { kind: 'paid', payment };
  const row = await recordEnd(deps, payment.id, 'voided', reason);
  return row.state === 'voided' ? { kind: 'closed' } : closePayment(deps, row, clinicId, reason);
}

/** Lets go of whatever a session holds; money that was taken already is reported, not returned. */
export async function voidPayment(deps: MoneyDeps, subject: Subject): Promise<VoidOutcome> {
  const { clinic_id } = await loadSession(deps.knex, subject);
  let waits = false;
  for (const payment of await listPayments(deps.knex, subject)) {
    const closed = await closePayment(deps, payment, clinic_id, 'closed');
    if (closed.kind === 'paid' && closed.payment.state === 'authorised') {
      await release(deps, closed.payment, clinic_id);
    }
    waits ||= closed.kind === 'processing';
  }
  if (waits && deps.waitedMs() < PATIENCE_MS) throw retryLater('bank_undecided', ASK_AGAIN_MS);
  return voidOutcome(await listPayments(deps.knex, subject));
}

function voidOutcome(payments: readonly PaymentRow[]): VoidOutcome {
  const capturedCents = payments
    .filter((payment) => payment.state === 'captured')
    .reduce((sum, payment) => sum + payment.captured_cents - payment.refunded_cents, 0);
  if (capturedCents > 0) return { kind: 'captured_already', capturedCents };
  return payments.some(isOverForNothing) ? { kind: 'voided' } : { kind: 'nothing' };
}

function isOverForNothing({ state }: PaymentRow): boolean {
  return state === 'voided' || state === 'lapsed';
}

/** Releases an authorisation or a reservation; the row tells what it came to. */
export async function release(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
): Promise<PaymentRow> {
  if (payment.method === 'credits') return releaseCredits(deps, payment.id, clinicId);
  if (payment.provider_ref === null) return recordEnd(deps, payment.id, 'voided', 'closed');
  const intent = await deps.cards.retrieveIntent(payment.provider_ref);
  const isOpen = intent.status === 'requires_capture' || isCancellable(intent);
  const cancelled = isOpen
    ? await cancelOnce(deps, chargeOfPayment(deps, payment), intent)
    : intent;
  return observeIntent(deps, payment.id, cancelled);
}

async function releaseCredits(
  deps: MoneyDeps,
  paymentId: string,
  clinicId: string,
): Promise<PaymentRow> {
  return asSystem(deps, async (trx) => {
    const payment = await lockPayment(trx, paymentId);
    if (payment === null) throw giveUp('not_found');
    if (payment.state !== 'authorised') return payment;
    await settleCredits(trx, creditPaymentOf(payment, clinicId), 0);
    return (await applyFacts(trx, payment, { state: 'voided' })).payment;
  });
}
