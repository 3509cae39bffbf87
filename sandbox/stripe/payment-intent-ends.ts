import type { Stripe } from 'stripe';
import type { TestCard } from './cards.ts';
import type { StripeCore } from './core.ts';
import { idOf, newId } from './ids.ts';
import { bankOf } from './payment-method-bank.ts';

/** The holder of a dispute card disputes what was taken. */
export function scheduleDispute(core: StripeCore, card: TestCard, charge: Stripe.Charge): void {
  if (card.dispute === null) return;
  core.schedule('raise_dispute', charge.id, core.nowMs() + core.settings().disputeDelayMs);
}

/** Takes `amount` of an authorisation and lets the rest of it go. */
export function captureAuthorisation(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
  amount: number,
): Stripe.PaymentIntent {
  const taken: Stripe.Charge = {
    ...charge,
    captured: true,
    amount_captured: amount,
    balance_transaction: newId('txn'),
  };
  const paid: Stripe.PaymentIntent = {
    ...intent,
    status: 'succeeded',
    amount_capturable: 0,
    amount_received: amount,
  };
  core.unschedule('expire_authorization', intent.id);
  core.store.put('charges', taken.id, taken);
  core.store.put('payment_intents', paid.id, paid);
  core.emit('charge.captured', taken, charge);
  core.emit('payment_intent.succeeded', paid);
  const { card } = bankOf(core, charge.payment_method ?? '');
  scheduleDispute(core, card, taken);
  return paid;
}

/** Ends the intent unpaid and lets go of what was authorised. */
export function cancelIntent(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  core.unschedule('expire_authorization', intent.id);
  const cancelled: Stripe.PaymentIntent = {
    ...intent,
    status: 'canceled',
    canceled_at: core.nowSeconds(),
    cancellation_reason: reason,
    amount_capturable: 0,
    next_action: null,
  };
  core.store.put('payment_intents', cancelled.id, cancelled);
  core.emit('payment_intent.canceled', cancelled);
  return cancelled;
}

/** The bank lets an authorisation go that was not captured in time. */
export function expireAuthorisation(core: StripeCore, intentId: string): void {
  const intent = core.store.get('payment_intents', intentId);
  if (intent?.status !== 'requires_capture') return;
  const charge = core.store.get('charges', idOf(intent.latest_charge) ?? '');
  if (charge !== undefined) core.emit('charge.expired', charge);
  cancelIntent(core, intent, 'expired');
}
