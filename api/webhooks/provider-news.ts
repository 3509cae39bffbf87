import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { CardNews } from '../../activities/money/news.ts';
import type { PaymentSubject } from '../../db/payments.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { workflowId } from '../../domain/ids.ts';
import {
  CREDIT_PURCHASE_WORKFLOW,
  purchaseNewsSignal,
} from '../../workflows/messages/credit-purchase.ts';
import {
  RECONCILIATION_WORKFLOW,
  lookAgainSignal,
} from '../../workflows/messages/reconciliation.ts';
import { paymentNewsSignal, sendSettledSignal } from '../../workflows/messages/session.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

/** Tells whoever carries a payment or a message what its provider has said. */
export interface ProviderNews {
  ofCard(news: CardNews): Promise<void>;
  /** A text will never arrive. Nobody needs to hear of it after the session. */
  ofText(
    subject: PaymentSubject,
    settled: { readonly key: string; readonly state: 'failed' },
  ): Promise<void>;
}

export function createProviderNews(temporal: Client): ProviderNews {
  return {
    async ofCard(news) {
      switch (news.kind) {
        case 'none':
          return;
        case 'payment':
          return tellSession(temporal, news);
        case 'purchase':
          return tellPurchase(temporal, news.purchaseId);
        default:
          assertNever(news);
      }
    },
    async ofText(subject, settled) {
      const session = temporal.workflow.getHandle(idOf(subject));
      await session.signal(sendSettledSignal, settled).catch(unlessEnded);
    },
  };
}

/** A group's member has a workflow of their own. */
function idOf({ sessionId, enrolmentId }: PaymentSubject): string {
  return enrolmentId === undefined
    ? workflowId('session', sessionId)
    : workflowId('enrolment', enrolmentId);
}

function unlessEnded(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** Money news must reach somebody: when the session is over, a workflow of its own squares it. */
async function tellSession(
  temporal: Client,
  { paymentId, ...subject }: Extract<CardNews, { kind: 'payment' }>,
): Promise<void> {
  const session = temporal.workflow.getHandle(idOf(subject));
  try {
    await session.signal(paymentNewsSignal, { paymentId });
  } catch (error) {
    unlessEnded(error);
    await temporal.workflow.signalWithStart(RECONCILIATION_WORKFLOW, {
      taskQueue: CORE_TASK_QUEUE,
      workflowId: workflowId('reconciliation', paymentId),
      args: [{ paymentId }],
      signal: lookAgainSignal,
      signalArgs: [],
    });
  }
}

/** A purchase that has ended is simply looked at again: it is charged and credited once. */
async function tellPurchase(temporal: Client, purchaseId: string): Promise<void> {
  await temporal.workflow.signalWithStart(CREDIT_PURCHASE_WORKFLOW, {
    taskQueue: CORE_TASK_QUEUE,
    workflowId: workflowId('credit-purchase', purchaseId),
    args: [{ purchaseId }],
    signal: purchaseNewsSignal,
    signalArgs: [],
  });
}
