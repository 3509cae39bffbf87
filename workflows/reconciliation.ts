import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ReconciliationActivities } from '../activities/money/index.ts';
import { PROVIDER } from './activity-options.ts';
import { lookAgainSignal } from './messages/reconciliation.ts';
import type { ReconciliationInput, ReconciliationResult } from './messages/reconciliation.ts';

const { reconcilePayment } = proxyActivities<ReconciliationActivities>(PROVIDER);

/** How long a running session has to deal with its money before it is looked at again. */
const SETTLING_TIME = '1 minute';
const MAX_LOOKS = 5;

/**
 * Squares a payment with a session whose workflow has ended: money without a session goes
 * back, or the session is begun again where its slot is still free. Started by provider news
 * that nobody else was there to hear.
 */
export async function reconciliationWorkflow(
  input: ReconciliationInput,
): Promise<ReconciliationResult> {
  let hasNews = true;
  setHandler(lookAgainSignal, () => {
    hasNews = true;
  });
  let result: ReconciliationResult = { kind: 'in_order' };
  let looks = 0;
  while (hasNews) {
    hasNews = false;
    looks += 1;
    const isLastLook = looks >= MAX_LOOKS;
    result = await reconcilePayment({ ...input, isLastLook });
    if (result.kind !== 'left_to_session' || isLastLook) continue;
    // Its row says that it has not ended, though its workflow has: it may be just about to.
    await condition(() => hasNews, SETTLING_TIME, { summary: 'the session may settle it' });
    hasNews = true;
  }
  return result;
}
