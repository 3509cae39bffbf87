import type { DataConverter } from '@temporalio/common';
import {
  type NativeConnection,
  Worker,
  type WorkerDeploymentOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { CrisisDeps } from '../../activities/crisis/deps.ts';
import { createCrisisActivities } from '../../activities/crisis/index.ts';
import { withFailures } from '../../activities/failures.ts';
import { CRISIS_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

export interface CrisisWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly workflowBundle: WorkflowBundleOption;
  readonly deps: CrisisDeps;
  /** The version of the workflows; without it the worker takes any task of its queue. */
  readonly deployment?: WorkerDeploymentOptions;
}

/** The worker of alerts alone. Shutting it down lets pages finish. */
export function createCrisisWorker(options: CrisisWorkerOptions): Promise<Worker> {
  const { connection, namespace, dataConverter, workflowBundle, deps } = options;
  return Worker.create({
    connection,
    namespace,
    dataConverter,
    workflowBundle,
    taskQueue: CRISIS_TASK_QUEUE,
    activities: withFailures({ ...createCrisisActivities(deps) }),
    ...(options.deployment === undefined ? {} : { workerDeploymentOptions: options.deployment }),
    shutdownGraceTime: '15 seconds',
    maxConcurrentActivityTaskExecutions: 100,
    maxConcurrentLocalActivityExecutions: 50,
    maxCachedWorkflows: 500,
  });
}
