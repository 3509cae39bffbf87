import type { Stripe } from 'stripe';
import { cardNamed } from './cards.ts';
import type { TestCard } from './cards.ts';
import type { StripeCore } from './core.ts';
import { refusedOperation } from './errors.ts';
import { idOf } from './ids.ts';

/** Stripe's answer to a card that may not be used again. */
export const SPENT =
  'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.';

/** The bank's side of a payment method. */
export function bankOf(core: StripeCore, methodId: string): { card: TestCard; setUp: boolean } {
  const instrument = core.store.get('instruments', methodId);
  return { card: cardNamed(instrument?.card ?? 'visa'), setUp: instrument?.setUp ?? false };
}

/** Refuses a payment method that this customer may not pay with. */
export function checkUsable(
  core: StripeCore,
  method: Stripe.PaymentMethod,
  customer: string | null,
): void {
  const owner = idOf(method.customer);
  if (core.store.get('instruments', method.id)?.spent === true) throw refusedOperation(SPENT);
  if (owner === null || owner === customer) return;
  throw refusedOperation(
    customer === null
      ? `The payment method ${method.id} is attached to a customer, so for security purposes you must provide that customer in the request.`
      : `The customer does not have a payment method with the ID ${method.id}. The payment method must be attached to the customer.`,
    undefined,
    'payment_method',
  );
}

/** Notes that a payment used the method: without a customer it was for once. */
export function markUsed(core: StripeCore, methodId: string): void {
  const instrument = core.store.get('instruments', methodId);
  const method = core.store.get('payment_methods', methodId);
  if (instrument === undefined || method === undefined || method.customer !== null) return;
  core.store.put('instruments', methodId, { ...instrument, spent: true });
}

/** Notes that the cardholder agreed to later payments in their absence. */
export function markSetUp(core: StripeCore, methodId: string): void {
  const instrument = core.store.get('instruments', methodId);
  if (instrument !== undefined) {
    core.store.put('instruments', methodId, { ...instrument, setUp: true });
  }
}

/** Saves the method with the customer; saving it again with the same one changes nothing. */
export function attachMethod(
  core: StripeCore,
  method: Stripe.PaymentMethod,
  customer: string,
): Stripe.PaymentMethod {
  if (idOf(method.customer) === customer) return method;
  const attached = { ...method, customer };
  core.store.put('payment_methods', method.id, attached);
  core.emit('payment_method.attached', attached);
  return attached;
}
