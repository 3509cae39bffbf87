import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type SessionRow, stateOf } from '../../db/sessions.ts';
import { workflowId } from '../../domain/ids.ts';
import {
  SESSION_DOOR,
  SESSION_STARTS_AT,
  SESSION_STATE,
} from '../../workflows/messages/search-attributes.ts';
import { SESSION_WORKFLOW, type SessionInput } from '../../workflows/messages/session.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

/** How long a caller may wait for Temporal to take a session in, ms. */
const START_TIMEOUT_MS = 5_000;

/**
 * Gives a booked session its workflow. Starting it again changes nothing: a running one is
 * kept, and one that has ended never gets a second life.
 */
export async function startSession(
  client: Client,
  session: SessionRow,
  life: 'first' | 'again' = 'first',
): Promise<void> {
  try {
    await client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
      client.workflow.start(SESSION_WORKFLOW, {
        taskQueue: CORE_TASK_QUEUE,
        workflowId: workflowId('session', session.id),
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        // A terminated run left a session without anybody who looks after it; only a session
        // that was taken back after its end lives again.
        workflowIdReusePolicy:
          life === 'again'
            ? WorkflowIdReusePolicy.ALLOW_DUPLICATE
            : WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        args: [sessionInput(session)],
        typedSearchAttributes: [
          { key: SESSION_STATE, value: session.status },
          { key: SESSION_DOOR, value: session.door },
          { key: SESSION_STARTS_AT, value: session.starts_at },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Whether a run looks after the session at this moment. */
export async function isRunning(temporal: Client, sessionId: string): Promise<boolean> {
  try {
    const handle = temporal.workflow.getHandle(workflowId('session', sessionId));
    const { status } = await handle.describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export function sessionInput(session: SessionRow): SessionInput {
  return {
    sessionId: session.id,
    plan: session.plan,
    state: stateOf(session),
    version: session.version,
    dueCents: session.due_cents,
    bookedAt: session.created_at.getTime(),
  };
}
