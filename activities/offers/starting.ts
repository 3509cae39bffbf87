import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { workflowId } from '../../domain/ids.ts';
import {
  ABSENCE_WORKFLOW,
  type AbsenceInput,
  OFFER_WORKFLOW,
  type OfferInput,
  withdrawSignal,
} from '../../workflows/messages/offers.ts';
import { startOnce } from '../start-once.ts';

/** Offers a free time, once: starting it again changes nothing, unless somebody has terminated it. */
export function startOffering(client: Client, input: OfferInput): Promise<void> {
  const id = workflowId('offer', input.vacancyId);
  return startOnce(client, OFFER_WORKFLOW, 'one', { workflowId: id, args: [input] });
}

/** Looks after a session whose therapist is away, once. */
export function startAbsence(client: Client, input: AbsenceInput): Promise<void> {
  const id = workflowId('absence', input.offerId);
  return startOnce(client, ABSENCE_WORKFLOW, 'one', { workflowId: id, args: [input] });
}

/** Takes an offer back. One whose workflow has ended needs nothing more. */
export async function withdraw(client: Client, workflow: string, offerId: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflow).signal(withdrawSignal, { offerId });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
