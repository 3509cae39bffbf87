import { WorkflowNotFoundError } from '@temporalio/client';
import { isUuid, workflowId } from '../../domain/ids.ts';
import { signSignal } from '../../workflows/messages/crisis-alert.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/** Whoever came longer ago may have gone since: the alert pages again all the sooner, ms. */
const FRESH_MS = 60_000;

/** A holder who is in the room of their person is in touch with them: their lease is extended. */
export const holderJoined: OutboxConsumer = {
  name: 'holder-joined',
  topics: { 'crisis.joined': 'all' },
  handle: async ({ temporal }, { payload: { alertId, personId, at } }) => {
    if (typeof alertId !== 'string' || !isUuid(alertId)) return;
    if (Date.now() - Date.parse(String(at)) > FRESH_MS) return;
    try {
      const alert = temporal.workflow.getHandle(workflowId('alert', alertId));
      await alert.signal(signSignal, { personId: String(personId) });
    } catch (error) {
      // Whatever is still open, the auditor begins anew.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  },
};
