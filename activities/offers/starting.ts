import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { workflowId } from '../../domain/ids.ts';
import {
  ABSENCE_WORKFLOW,
  type AbsenceInput,
  OFFER_WORKFLOW,
  type OfferInput,
  withdrawSignal,
} from '../../workflows/messages/offers.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

/** Offers a free time, once: starting it again changes nothing, unless somebody has terminated it. */
export function startOffering(client: Client, input: OfferInput): Promise<void> {
  return start(client, OFFER_WORKFLOW, workflowId('offer', input.vacancyId), input);
}

/** Looks after a session whose therapist is away, once. */
export function startAbsence(client: Client, input: AbsenceInput): Promise<void> {
  return start(client, ABSENCE_WORKFLOW, workflowId('absence', input.offerId), input);
}

async function start(client: Client, type: string, id: string, input: object): Promise<void> {
  try {
    await client.workflow.start(type, {
      taskQueue: CORE_TASK_QUEUE,
      workflowId: id,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      args: [input],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Takes an offer back. One whose workflow has ended needs nothing more. */
export async function withdraw(client: Client, workflow: string, offerId: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflow).signal(withdrawSignal, { offerId });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
