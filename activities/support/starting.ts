import { type Client, WorkflowIdReusePolicy } from '@temporalio/client';
import { isUuid, workflowId } from '../../domain/ids.ts';
import {
  SUPPORT_SESSION_WORKFLOW,
  changedSignal,
} from '../../workflows/messages/support-session.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';
import { unlessOver } from '../start-once.ts';

/**
 * Gives a live session its workflow, or lets the running one look at the record again. One that
 * has seen the session's end gets no second life; one that somebody terminated does.
 */
export function stirSupport(client: Client, sessionId: string): Promise<void> {
  return unlessOver(
    client.workflow.signalWithStart(SUPPORT_SESSION_WORKFLOW, {
      taskQueue: CORE_TASK_QUEUE,
      workflowId: workflowId('support', sessionId),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      args: [{ sessionId }],
      signal: changedSignal,
      signalArgs: [],
    }),
  );
}

/** Sessions begin and change: whatever was committed reaches the workflow, once Temporal is there. */
export const supportSessions: OutboxConsumer = {
  name: 'support-sessions',
  topics: { 'support.changed': 'all' },
  handle: async ({ temporal }, { payload }) => {
    const { sessionId } = payload;
    if (typeof sessionId === 'string' && isUuid(sessionId)) await stirSupport(temporal, sessionId);
  },
};
