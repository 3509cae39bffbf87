import type { Intent } from '../gateways/card-gateway.ts';
import { ensureCustomer, replaceMissingCustomer } from './card-customer.ts';
import type { Charge } from './charge.ts';
import type { MoneyDeps } from './deps.ts';
import { KEYS_HOLD_MS, performOnce } from './keyed-step.ts';
import { isUnconfirmed } from './observe.ts';

/** The provider's clock and ours may differ by this much. */
const CLOCK_SLACK_MS = 5 * 60_000;

export function areKeysStale(deps: MoneyDeps, since: Date): boolean {
  return deps.now() - since.getTime() > KEYS_HOLD_MS;
}

interface IntentWish {
  readonly step: string;
  readonly saveCard: boolean;
}

/**
 * The payment's one PaymentIntent. It is made unconfirmed and its name is stored before
 * anybody is charged: from then on the provider's own state of it, not a key that expires,
 * keeps the payment from happening twice. Null when the payment was closed meanwhile.
 */
export async function ensureIntent(
  deps: MoneyDeps,
  charge: Charge,
  wish: IntentWish,
): Promise<Intent | null> {
  if (charge.intentRef !== null) return deps.cards.retrieveIntent(charge.intentRef);
  const customerRef = await ensureCustomer(deps, charge);
  const intent = await performOnce({
    act: () => createIntent(deps, charge, customerRef, wish),
    lookUp: () => findIntent(deps, charge, customerRef),
    isStale: areKeysStale(deps, charge.createdAt),
    renewKey: () => charge.renewKeys(),
  }).catch((error: unknown) => replaceMissingCustomer(deps, charge, customerRef, error));
  const adopted = await charge.adopt(intent.ref);
  if (adopted === intent.ref) return intent;
  return adopted === null ? null : deps.cards.retrieveIntent(adopted);
}

function createIntent(
  deps: MoneyDeps,
  charge: Charge,
  customerRef: string,
  { step, saveCard }: IntentWish,
): Promise<Intent> {
  const { amountCents, currency, capture, metadata } = charge;
  return deps.cards.createIntent(
    { customerRef, amountCents, currency, capture, saveCard, metadata },
    charge.keyOf(`${step}/create`),
  );
}

/** By its metadata: an answer that never came may have left an intent that only the provider knows. */
async function findIntent(
  deps: MoneyDeps,
  charge: Charge,
  customerRef: string,
): Promise<Intent | null> {
  const sinceMs = charge.createdAt.getTime() - CLOCK_SLACK_MS;
  const intents = await deps.cards.listIntents(customerRef, sinceMs);
  const wanted = Object.entries(charge.metadata);
  return (
    intents.find((intent) => wanted.every(([name, id]) => intent.metadata[name] === id)) ?? null
  );
}

/** Asks the bank, unless that has happened. The intent as it stands afterwards. */
export async function confirmOnce(
  deps: MoneyDeps,
  charge: Charge,
  intent: Intent,
  how: { readonly step: string; readonly methodRef: string; readonly offSession: boolean },
): Promise<Intent> {
  if (!isUnconfirmed(intent)) return intent;
  const { step, ...confirmation } = how;
  return performOnce({
    act: () => deps.cards.confirmIntent(intent.ref, confirmation, charge.keyOf(`${step}/confirm`)),
    lookUp: async () => {
      const now = await deps.cards.retrieveIntent(intent.ref);
      return isUnconfirmed(now) ? null : now;
    },
    isStale: false,
    renewKey: () => charge.renewKeys(),
  });
}

/** Money was not taken, is not reserved and is not on its way: it can be called off. */
export function isCancellable({ status }: Intent): boolean {
  return !['processing', 'requires_capture', 'succeeded', 'canceled'].includes(status);
}

/**
 * Cancels an intent. A cancellation and a success race at the provider: what it gives is
 * the intent as it stands afterwards, which decides.
 */
export async function cancelOnce(deps: MoneyDeps, charge: Charge, intent: Intent): Promise<Intent> {
  return performOnce({
    act: () => deps.cards.cancelIntent(intent.ref, charge.keyOf('cancel')),
    lookUp: async () => {
      const now = await deps.cards.retrieveIntent(intent.ref);
      return now.status === intent.status ? null : now;
    },
    isStale: false,
    renewKey: () => charge.renewKeys(),
  });
}
