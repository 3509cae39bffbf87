import { findCustomerRef, forgetCustomer, rememberCustomer } from '../../db/payments.ts';
import type { Charge } from './charge.ts';
import type { MoneyDeps } from './deps.ts';
import { isRefusal, retryLater } from './failures.ts';
import { performOnce } from './keyed-step.ts';
import { withGeneration } from './keys.ts';

type Payer = Pick<Charge, 'personId' | 'keyGeneration' | 'renewKeys'>;

/** One too many of these does no harm, so none is looked for: a fault only takes another key. */
function makeHarmless<T>(payer: Payer, act: () => Promise<T>): Promise<T> {
  return performOnce({
    act,
    lookUp: () => Promise.resolve(null),
    isStale: false,
    renewKey: () => payer.renewKeys(),
  });
}

/** The person's customer at the provider, made at their first payment. */
export async function ensureCustomer(deps: MoneyDeps, payer: Payer): Promise<string> {
  const known = await findCustomerRef(deps.knex, payer.personId);
  if (known !== null) return known;
  const key = withGeneration(`customer/${payer.personId}`, payer.keyGeneration);
  const created = await makeHarmless(payer, () => deps.cards.createCustomer(key));
  return rememberCustomer(deps.knex, payer.personId, created);
}

/** A customer that somebody deleted at the provider is replaced on the next try. */
export async function replaceMissingCustomer(
  deps: MoneyDeps,
  payer: Payer,
  customerRef: string,
  error: unknown,
): Promise<never> {
  const isMissing = isRefusal(error) && error.code === 'resource_missing';
  if (isMissing && error.param === 'customer') {
    await forgetCustomer(deps.knex, payer.personId, customerRef);
    throw retryLater('customer_missing');
  }
  throw error;
}

/**
 * The payment method to charge. What is not a method already is a single-use token, which
 * is exchanged before it is used, so that every later step can be repeated.
 */
export async function ensureMethod(deps: MoneyDeps, charge: Charge): Promise<string> {
  if (charge.savedCardRef !== null) return charge.savedCardRef;
  const token = charge.cardToken ?? '';
  if (token.startsWith('pm_')) return token;
  const key = charge.keyOf('method');
  const methodRef = await makeHarmless(charge, () => deps.cards.createMethod(token, key));
  await charge.rememberCard(methodRef);
  return methodRef;
}
