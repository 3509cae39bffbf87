import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ParentClosePolicy,
  condition,
  getExternalWorkflowHandle,
  patched,
  startChild,
} from '@temporalio/workflow';
import { workflowId } from '../../domain/ids.ts';
import { RECONCILIATION_WORKFLOW, lookAgainSignal } from '../messages/reconciliation.ts';
import type { Course } from './course.ts';

/** Before, news waited for the last notice, and that for the mail server. */
const NEWS_AT_ONCE = 'news-at-once';

/** Hands news of money on as it comes, once the session itself has settled what it had. */
export async function handOverAsItComes(course: Course, isOver: () => boolean): Promise<void> {
  while (true) {
    await condition(() => course.news.size > 0 || isOver());
    if (course.news.size === 0 || !patched(NEWS_AT_ONCE)) return;
    const [paymentId = ''] = course.news;
    course.news.delete(paymentId);
    // One that is looking already looks once more.
    if (!(await startSquaring(paymentId))) await lookAgain(paymentId);
  }
}

/** News that came after the end goes to a workflow of its own, which outlives this one. */
export async function handOverNews({ news }: Course): Promise<void> {
  for (const paymentId of news) await startSquaring(paymentId);
}

/** False where a workflow squares that payment already. */
async function startSquaring(paymentId: string): Promise<boolean> {
  try {
    await startChild(RECONCILIATION_WORKFLOW, {
      workflowId: workflowId('reconciliation', paymentId),
      args: [{ paymentId }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}

async function lookAgain(paymentId: string): Promise<void> {
  const squaring = getExternalWorkflowHandle(workflowId('reconciliation', paymentId));
  try {
    await squaring.signal(lookAgainSignal);
  } catch {
    // It has come to its end just now.
    await startSquaring(paymentId);
  }
}
