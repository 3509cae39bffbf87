import { findCreditPurchase } from '../../db/credit-purchases.ts';
import { findPayment } from '../../db/payments.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { CardProviderError } from '../gateways/card-gateway.ts';
import type { MoneyDeps } from './deps.ts';

/**
 * What the card holder's browser needs to confirm a payment. It is never stored; null when
 * there is nothing to confirm. Throws `dependency_unavailable` while the provider is down.
 */
export async function getClientSecret(
  { knex, cards }: Pick<MoneyDeps, 'knex' | 'cards'>,
  paymentId: string,
): Promise<string | null> {
  const payment = await findPayment(knex, paymentId);
  if (payment === null) return null;
  if (payment.provider_ref !== null) {
    return secretOf(cards.retrieveIntent(payment.provider_ref));
  }
  return payment.setup_ref === null ? null : secretOf(cards.retrieveSetup(payment.setup_ref));
}

/** The same for a purchase of credits. */
export async function getPurchaseClientSecret(
  { knex, cards }: Pick<MoneyDeps, 'knex' | 'cards'>,
  purchaseId: string,
): Promise<string | null> {
  const ref = (await findCreditPurchase(knex, purchaseId))?.provider_ref ?? null;
  return ref === null ? null : secretOf(cards.retrieveIntent(ref));
}

async function secretOf(
  retrieved: Promise<{ readonly clientSecret: string | null }>,
): Promise<string | null> {
  try {
    return (await retrieved).clientSecret;
  } catch (error) {
    if (!(error instanceof CardProviderError)) throw error;
    const details = { retryAfterSeconds: 2 };
    throw new HoldfastError('dependency_unavailable', 'The card provider is down', details, error);
  }
}
