import { WorkflowNotFoundError } from '@temporalio/client';
import { isHeard } from '../../db/crisis-carrying.ts';
import { type AlertRow, findAlert } from '../../db/crisis-record.ts';
import { workflowId } from '../../domain/ids.ts';
import { lookAgainSignal } from '../../workflows/messages/crisis-alert.ts';
import type { OutboxConsumer, OutboxDeps } from '../outbox/contract.ts';
import { holderJoined } from './holder-joined.ts';
import { lostContact } from './lost-contact.ts';
import { sessionOfHolder } from './session-of-holder.ts';
import { type AlertCall, deliverRaise } from './starting.ts';
import { raiseAnew } from './telling.ts';

const DELIVERED_WITHIN_MS = 5_000;

/** Starts or informs an alert's workflow of a report, where whoever took the report could not. */
const raised: OutboxConsumer = {
  name: 'crisis-raised',
  topics: { 'crisis.raised': 'all' },
  handle: async (deps, { payload }) => {
    const alertId = String(payload['alertId']);
    const triggerId = String(payload['triggerId']);
    const alert = await findAlert(deps.knex, alertId);
    if (alert === null) return;
    if (!(await informed(deps, alert, triggerId))) await carryOn(deps, alertId, triggerId);
  },
};

function informed(deps: OutboxDeps, alert: AlertRow, triggerId: string): Promise<boolean> {
  return deliverRaise(deps.temporal, callFor(alert, triggerId), DELIVERED_WITHIN_MS);
}

function callFor(alert: AlertRow, triggerId: string): AlertCall {
  const { id: alertId, clinicId, personId, number, isDrill, severity, sessionId } = alert;
  const known = { alertId, clinicId, personId, number, isDrill };
  return { ...known, triggerId, severity, sessionId, unrecorded: null };
}

/** The alert is over. A report that its workflow has never heard of opens another. */
async function carryOn(deps: OutboxDeps, alertId: string, triggerId: string): Promise<void> {
  if (!(await isHeard(deps.knex, alertId, triggerId)))
    await raiseAnew(deps, { alertId, triggerId });
}

/** A verb was decided on the record while Temporal was away: the workflow goes on from there. */
const decided: OutboxConsumer = {
  name: 'crisis-verbs',
  topics: { 'crisis.verb': 'all' },
  handle: async (deps, { payload }) => {
    const alertId = String(payload['alertId']);
    const handle = deps.temporal.workflow.getHandle(workflowId('alert', alertId));
    try {
      await handle.signal(lookAgainSignal);
    } catch (error) {
      // Whatever is still open, the auditor begins anew.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  },
};

export const CRISIS_CONSUMERS: readonly OutboxConsumer[] = [
  raised,
  decided,
  lostContact,
  sessionOfHolder,
  holderJoined,
];
