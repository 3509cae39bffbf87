import { allHandlersFinished, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { CreditPurchaseActivities, PurchaseOutcome } from '../activities/money/index.ts';
import { PROVIDER } from './activity-options.ts';
import { purchaseNewsSignal, purchaseUpdate } from './messages/credit-purchase.ts';
import type { CreditPurchaseInput, PurchaseAnswer } from './messages/credit-purchase.ts';

const { payCreditPurchase, syncCreditPurchase, closeCreditPurchase } =
  proxyActivities<CreditPurchaseActivities>(PROVIDER);

/** How long a buyer may take to confirm the payment with their bank. */
const CONFIRMATION_TIME = '1 hour';
/** How long the update waits before it tells the caller to come back. */
const CALLER_PATIENCE = '25 seconds';

/**
 * One purchase of credits by card: charged once, credited once. What is not paid within the
 * hour is called off first and credited when the money was faster.
 */
export async function creditPurchaseWorkflow(input: CreditPurchaseInput): Promise<PurchaseOutcome> {
  let outcome: PurchaseOutcome | null = null;
  let hasNews = false;
  setHandler(purchaseNewsSignal, () => {
    hasNews = true;
  });
  setHandler(purchaseUpdate, () => answer(() => outcome));
  outcome = await payCreditPurchase(input);
  while (isOpen(outcome)) {
    const isHeardOf = await condition(() => hasNews, CONFIRMATION_TIME, {
      summary: 'the buyer confirms',
    });
    hasNews = false;
    outcome = isHeardOf ? await syncCreditPurchase(input) : await closeCreditPurchase(input);
  }
  await condition(allHandlersFinished);
  return outcome;
}

async function answer(outcomeNow: () => PurchaseOutcome | null): Promise<PurchaseAnswer> {
  await condition(() => outcomeNow() !== null, CALLER_PATIENCE, { summary: 'a caller waits' });
  return outcomeNow() ?? { kind: 'unavailable' };
}

function isOpen(outcome: PurchaseOutcome): boolean {
  return outcome.kind === 'action_required' || outcome.kind === 'processing';
}
