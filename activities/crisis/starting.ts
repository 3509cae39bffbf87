import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { workflowId } from '../../domain/ids.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import type { KnownContext } from './contract.ts';
import {
  CRISIS_ALERT_WORKFLOW,
  type AlertInput,
  type RaiseRequest,
  raiseUpdate,
} from '../../workflows/messages/crisis-alert.ts';
import { CRISIS_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

/** Starts an alert's workflow, or tells the running one of a further report. */
export interface AlertCall extends RaiseRequest, Omit<AlertInput, 'memory' | 'first'> {}

/** `known` says whom to page for a new alert, so that its workflow need not look. */
export function callOf(raised: RaisedAlert, known: KnownContext | null = null): AlertCall {
  const { alertId, clinicId, personId, number, isDrill, triggerId, severity, sessionId } = raised;
  const alert = { alertId, clinicId, personId, number, isDrill };
  return { ...alert, triggerId, severity, sessionId, unrecorded: null, known };
}

/**
 * Update-With-Start: resolves once a worker has taken the report, and true with it; false when the
 * alert has been resolved and hears nothing more. A workflow that somebody has terminated begins
 * anew. Rejects when Temporal or the worker does not answer within `timeoutMs`; the workflow may
 * have been started all the same, and the same report again changes nothing.
 */
export async function deliverRaise(
  client: Client,
  call: AlertCall,
  timeoutMs: number,
): Promise<boolean> {
  const { options, request } = startOf(call);
  try {
    await client.withDeadline(Date.now() + timeoutMs, () =>
      client.workflow.startUpdateWithStart(raiseUpdate, {
        args: [request],
        updateId: request.triggerId,
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation(CRISIS_ALERT_WORKFLOW, {
          ...options,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        }),
      }),
    );
    return true;
  } catch (error) {
    if (isOver(error)) return false;
    throw error;
  }
}

/** Starts the workflow without waiting for a worker. Rejects when Temporal does not answer. */
export async function startWithoutWorker(
  client: Client,
  call: AlertCall,
  timeoutMs: number,
): Promise<void> {
  await client.withDeadline(Date.now() + timeoutMs, () =>
    client.workflow.start(CRISIS_ALERT_WORKFLOW, {
      ...startOf(call).options,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    }),
  );
}

function startOf(call: AlertCall) {
  const { alertId, clinicId, personId, number, isDrill, known = null, ...rest } = call;
  const { triggerId, severity, sessionId, unrecorded } = rest;
  const request: RaiseRequest = { triggerId, severity, sessionId, unrecorded };
  const alert = { alertId, clinicId, personId, number, isDrill };
  const input: AlertInput = { ...alert, first: request, memory: null, known };
  const options = {
    workflowId: workflowId('alert', alertId),
    taskQueue: CRISIS_TASK_QUEUE,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    args: [input] as [AlertInput],
  };
  return { options, request };
}

/** The workflow has ended, as one does some time after its alert was resolved. */
function isOver(error: unknown): boolean {
  if (error instanceof WorkflowExecutionAlreadyStartedError) return true;
  return error instanceof Error && error.cause instanceof WorkflowExecutionAlreadyStartedError;
}
