import { findCreditPurchase } from '../../db/credit-purchases.ts';
import { findPayment } from '../../db/payments.ts';
import type { MoneyDeps } from './deps.ts';

/**
 * What the card holder's browser needs to confirm a payment. It is never stored; null when
 * there is nothing to confirm. Throws CardProviderError.
 */
export async function getClientSecret(
  { knex, cards }: Pick<MoneyDeps, 'knex' | 'cards'>,
  paymentId: string,
): Promise<string | null> {
  const payment = await findPayment(knex, paymentId);
  if (payment === null) return null;
  if (payment.provider_ref !== null) {
    return (await cards.retrieveIntent(payment.provider_ref)).clientSecret;
  }
  return payment.setup_ref === null
    ? null
    : (await cards.retrieveSetup(payment.setup_ref)).clientSecret;
}

/** The same for a purchase of credits. */
export async function getPurchaseClientSecret(
  { knex, cards }: Pick<MoneyDeps, 'knex' | 'cards'>,
  purchaseId: string,
): Promise<string | null> {
  const ref = (await findCreditPurchase(knex, purchaseId))?.provider_ref ?? null;
  return ref === null ? null : (await cards.retrieveIntent(ref)).clientSecret;
}
