import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type WorkflowOptions,
} from '@temporalio/client';
import { CORE_TASK_QUEUE } from '../workflows/messages/task-queues.ts';

type StartOptions = Pick<WorkflowOptions, 'startDelay' | 'typedSearchAttributes'> & {
  readonly workflowId: string;
  readonly args: unknown[];
};

/**
 * Whether a workflow that has come to its end by itself may begin anew. One that was terminated or has
 * failed always does: it left somebody to look after.
 */
export type Life = 'one' | 'again';

const REUSE: Readonly<Record<Life, WorkflowIdReusePolicy>> = {
  one: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
  again: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
};

/** Gives something its workflow. To ask for it again changes nothing: a running one is kept. */
export function startOnce(
  client: Client,
  workflow: string,
  life: Life,
  options: StartOptions,
): Promise<void> {
  return unlessOver(
    client.workflow.start(workflow, {
      taskQueue: CORE_TASK_QUEUE,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: REUSE[life],
      ...options,
    }),
  );
}

/** A workflow that is over and lives once only needs no start: that is no fault. */
export async function unlessOver(start: Promise<unknown>): Promise<void> {
  try {
    await start;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
