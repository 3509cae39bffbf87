import type { DataConverter } from '@temporalio/common';
import {
  type NativeConnection,
  Worker,
  type WorkerDeploymentOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import { type CoreActivityDeps, createCoreActivities } from './activities.ts';

export interface CoreWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly workflowBundle: WorkflowBundleOption;
  readonly deps: CoreActivityDeps;
  readonly taskQueue?: string;
  /** The version of the workflows; without it the worker takes any task of its queue. */
  readonly deployment?: WorkerDeploymentOptions;
}

/** The worker of sessions, their money and their messages. Shutting it down lets activities finish. */
export function createCoreWorker(options: CoreWorkerOptions): Promise<Worker> {
  const { connection, namespace, dataConverter, workflowBundle, deps } = options;
  return Worker.create({
    connection,
    namespace,
    dataConverter,
    workflowBundle,
    taskQueue: options.taskQueue ?? CORE_TASK_QUEUE,
    activities: createCoreActivities(deps),
    ...(options.deployment === undefined ? {} : { workerDeploymentOptions: options.deployment }),
    shutdownGraceTime: '20 seconds',
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentLocalActivityExecutions: 50,
    maxCachedWorkflows: 500,
  });
}
