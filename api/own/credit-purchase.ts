import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { getPurchaseClientSecret } from '../../activities/money/client-secret.ts';
import { findClinic } from '../../db/clinics.ts';
import { createCreditPurchase, findCreditPurchase } from '../../db/credit-purchases.ts';
import type { CreditPurchaseRow } from '../../db/credit-purchases.ts';
import { creditBalance } from '../../db/credits.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { workflowId } from '../../domain/ids.ts';
import {
  CREDIT_PURCHASE_WORKFLOW,
  purchaseUpdate,
} from '../../workflows/messages/credit-purchase.ts';
import type { PurchaseAnswer } from '../../workflows/messages/credit-purchase.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import { auditContext } from '../access/audit-context.ts';
import type { ApiDeps } from '../context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforceCredits } from './credits.ts';

export interface PurchaseBody {
  readonly amountCents: number;
  readonly cardToken: string;
}

/** Longer than the workflow lets a caller wait, ms. */
const ANSWER_TIMEOUT_MS = 30_000;

/** POST /api/v1/credits/purchase */
export async function purchaseCredits(call: Call<PurchaseBody>): Promise<Answer> {
  await enforceCredits(call, 'credits.purchase');
  const purchase = await recordPurchase(call);
  const answer = await askPurchase(call.deps, purchase);
  return answerWith(call.deps, purchase, answer);
}

/** The purchase is on record before anything is charged; a retry finds it there. */
async function recordPurchase(call: Call<PurchaseBody>): Promise<CreditPurchaseRow> {
  const { body, deps, newId, principal, requestId } = call;
  const { currency } = await findClinic(deps.knex, principal.clinicId);
  return inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    const { personId } = principal;
    audit({
      action: 'credits.purchase',
      objectType: 'credit_purchase',
      objectId: newId,
      subjectId: personId,
      changes: { amountCents: body.amountCents, currency },
    });
    const { amountCents, cardToken } = body;
    return createCreditPurchase(trx, { id: newId, personId, amountCents, currency, cardToken });
  });
}

/** Begins the purchase, or asks the one that a first attempt began. */
async function askPurchase(deps: ApiDeps, purchase: CreditPurchaseRow): Promise<PurchaseAnswer> {
  const startWorkflowOperation = new WithStartWorkflowOperation(CREDIT_PURCHASE_WORKFLOW, {
    taskQueue: CORE_TASK_QUEUE,
    workflowId: workflowId('credit-purchase', purchase.id),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    args: [{ purchaseId: purchase.id }],
  });
  try {
    return await deps.temporal.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
      deps.temporal.workflow.executeUpdateWithStart(purchaseUpdate, { startWorkflowOperation }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return pastAnswer(deps, purchase);
    throw error;
  }
}

/** What came of a purchase whose workflow is over. */
async function pastAnswer(deps: ApiDeps, { id }: CreditPurchaseRow): Promise<PurchaseAnswer> {
  const purchase = await findCreditPurchase(deps.knex, id);
  if (purchase?.state === 'paid') {
    const { balanceCents } = await creditBalance(deps.knex, purchase.person_id);
    return { kind: 'paid', balanceCents };
  }
  const providerCode = purchase?.error_code ?? 'card_declined';
  return { kind: 'failed', code: 'payment_failed', providerCode };
}

async function answerWith(
  deps: ApiDeps,
  purchase: CreditPurchaseRow,
  answer: PurchaseAnswer,
): Promise<Answer> {
  const { id, amount_cents: amountCents, currency } = purchase;
  const known = { id, amountCents, currency };
  switch (answer.kind) {
    case 'paid':
      return { status: 201, body: { ...known, state: 'paid', balanceCents: answer.balanceCents } };
    case 'processing':
      return { status: 202, body: { ...known, state: 'processing', balanceCents: null } };
    case 'action_required':
      throw new HoldfastError(
        'payment_action_required',
        'The card holder has to confirm this payment; the credits are added once that is done',
        { purchaseId: id, clientSecret: await getPurchaseClientSecret(deps, id) },
      );
    case 'unavailable':
      throw new HoldfastError(
        'dependency_unavailable',
        'The card provider does not answer; the same request again tells what came of it',
        { purchaseId: id, retryAfterSeconds: 5 },
      );
    case 'failed':
      throw new HoldfastError('payment_failed', 'The payment was refused; try another card', {
        purchaseId: id,
        paymentError: answer.providerCode,
      });
  }
}
