import type { Knex } from 'knex';
import {
  clinicOfPerson,
  findCreditPurchase,
  lockCreditPurchase,
  setPurchaseState,
} from '../../db/credit-purchases.ts';
import type { CreditPurchaseRow } from '../../db/credit-purchases.ts';
import { addPurchasedCredits, creditBalance } from '../../db/credits.ts';
import { assertNever } from '../../domain/assert-never.ts';
import type { Intent } from '../gateways/card-gateway.ts';
import { ensureMethod } from './card-customer.ts';
import { chargeOfPurchase } from './charge.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp, isRefusal, retryLater } from './failures.ts';
import { cancelOnce, confirmOnce, ensureIntent, isCancellable } from './intent-steps.ts';

export type PurchaseOutcome =
  | { readonly kind: 'paid'; readonly balanceCents: number }
  | { readonly kind: 'action_required' }
  | { readonly kind: 'processing' }
  | { readonly kind: 'failed'; readonly code: 'payment_failed'; readonly providerCode: string };

interface PurchaseInput {
  readonly purchaseId: string;
}

/** Charges the card of a purchase and adds the credits, each once. */
export async function payCreditPurchase(
  deps: MoneyDeps,
  { purchaseId }: PurchaseInput,
): Promise<PurchaseOutcome> {
  const purchase = await loadPurchase(deps.knex, purchaseId);
  if (purchase.state === 'paid' || purchase.state === 'failed') return outcomeOf(deps, purchase);
  const charge = chargeOfPurchase(deps, purchase);
  try {
    const methodRef = await ensureMethod(deps, charge);
    const wish = { step: 'pay', saveCard: false };
    const intent = await ensureIntent(deps, charge, wish);
    if (intent === null) return outcomeOf(deps, await loadPurchase(deps.knex, purchaseId));
    const how = { step: 'pay', methodRef, offSession: false };
    return await settle(deps, purchase.id, await confirmOnce(deps, charge, intent, how));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return fail(deps, purchaseId, error.code);
  }
}

/** Fetches the provider's truth about a purchase; credits that are paid for are added. */
export async function syncCreditPurchase(
  deps: MoneyDeps,
  { purchaseId }: PurchaseInput,
): Promise<PurchaseOutcome> {
  const purchase = await loadPurchase(deps.knex, purchaseId);
  if (purchase.provider_ref === null) return outcomeOf(deps, purchase);
  return settle(deps, purchaseId, await deps.cards.retrieveIntent(purchase.provider_ref));
}

/** Calls a purchase off that its buyer has not finished; money that was faster is credited. */
export async function closeCreditPurchase(
  deps: MoneyDeps,
  { purchaseId }: PurchaseInput,
): Promise<PurchaseOutcome> {
  const purchase = await loadPurchase(deps.knex, purchaseId);
  if (purchase.state === 'paid') return outcomeOf(deps, purchase);
  if (purchase.provider_ref === null) return fail(deps, purchaseId, 'closed');
  const found = await deps.cards.retrieveIntent(purchase.provider_ref);
  const intent = isCancellable(found)
    ? await cancelOnce(deps, chargeOfPurchase(deps, purchase), found)
    : found;
  if (intent.status === 'processing') throw retryLater('bank_undecided', 5_000);
  return settle(deps, purchaseId, intent);
}

/** The row's lock makes the credits and the state one step. */
async function settle(
  deps: MoneyDeps,
  purchaseId: string,
  intent: Intent,
): Promise<PurchaseOutcome> {
  const purchase = await asSystem(deps, async (trx, audit) => {
    const before = await lockPurchase(trx, purchaseId);
    await takeTruth(trx, before, intent);
    const after = await lockPurchase(trx, purchaseId);
    if (after.state !== before.state) {
      audit({
        action: 'credit_purchase.changed',
        objectType: 'credit_purchase',
        objectId: purchaseId,
        subjectId: before.person_id,
        changes: { state: { from: before.state, to: after.state } },
      });
    }
    return after;
  });
  return outcomeOf(deps, purchase);
}

async function takeTruth(
  trx: Knex.Transaction,
  purchase: CreditPurchaseRow,
  intent: Intent,
): Promise<void> {
  if (purchase.state === 'paid') return;
  switch (intent.status) {
    case 'succeeded':
      await addCredits(trx, purchase, intent.ref);
      return setPurchaseState(trx, purchase.id, { state: 'paid', errorCode: null });
    case 'requires_action':
    case 'processing':
      if (purchase.state === 'failed') return undefined;
      return setPurchaseState(trx, purchase.id, { state: intent.status, errorCode: null });
    default: {
      const errorCode = intent.declineCode ?? (intent.status === 'canceled' ? 'closed' : null);
      if (errorCode === null || purchase.state === 'failed') return undefined;
      return setPurchaseState(trx, purchase.id, { state: 'failed', errorCode });
    }
  }
}

async function addCredits(
  trx: Knex.Transaction,
  purchase: CreditPurchaseRow,
  providerRef: string,
): Promise<void> {
  await addPurchasedCredits(trx, {
    purchaseId: purchase.id,
    personId: purchase.person_id,
    clinicId: await clinicOfPerson(trx, purchase.person_id),
    amountCents: purchase.amount_cents,
    providerRef,
  });
}

async function fail(
  deps: MoneyDeps,
  purchaseId: string,
  errorCode: string,
): Promise<PurchaseOutcome> {
  const purchase = await asSystem(deps, async (trx) => {
    const { state } = await lockPurchase(trx, purchaseId);
    if (state !== 'paid') await setPurchaseState(trx, purchaseId, { state: 'failed', errorCode });
    return lockPurchase(trx, purchaseId);
  });
  return outcomeOf(deps, purchase);
}

async function outcomeOf(
  { knex }: MoneyDeps,
  purchase: CreditPurchaseRow,
): Promise<PurchaseOutcome> {
  const { state } = purchase;
  switch (state) {
    case 'paid':
      return {
        kind: 'paid',
        balanceCents: (await creditBalance(knex, purchase.person_id)).balanceCents,
      };
    case 'requires_action':
      return { kind: 'action_required' };
    case 'created':
    case 'processing':
      return { kind: 'processing' };
    case 'failed':
      return { kind: 'failed', code: 'payment_failed', providerCode: purchase.error_code ?? state };
    default:
      return assertNever(state);
  }
}

async function loadPurchase(knex: Knex, id: string): Promise<CreditPurchaseRow> {
  const purchase = await findCreditPurchase(knex, id);
  if (purchase === null) throw giveUp('not_found');
  return purchase;
}

async function lockPurchase(trx: Knex.Transaction, id: string): Promise<CreditPurchaseRow> {
  const purchase = await lockCreditPurchase(trx, id);
  if (purchase === null) throw giveUp('not_found');
  return purchase;
}
