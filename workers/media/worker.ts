import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import { withFailures } from '../../activities/failures.ts';
import type { MediaHostActivities } from '../../activities/rooms/contract.ts';
import { createDataConverter } from '../../crypto/data-converter.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { mediaTaskQueue } from '../../workflows/messages/task-queues.ts';
import type { MediaHost } from './host.ts';

export interface QueueWorkerOptions {
  readonly address: string;
  readonly namespace: string;
  readonly keyRing: KeyRing;
  readonly taskQueue: string;
  readonly activities: Parameters<typeof withFailures>[0];
  /** How many of them at once. */
  readonly most: number;
  readonly onFault: (error: unknown) => void;
}

export type HostWorkerOptions = Omit<QueueWorkerOptions, 'taskQueue' | 'activities' | 'most'> & {
  readonly host: MediaHost;
};

const LONGEST_PAUSE_MS = 15_000;

export interface HostWorker {
  close(): Promise<void>;
}

/** Takes what Temporal asks of this one host, on a task queue of its own. */
export function startHostWorker({ host, ...options }: HostWorkerOptions): HostWorker {
  return startQueueWorker({
    ...options,
    taskQueue: mediaTaskQueue(host.id),
    activities: { ...hostActivities(host) },
    most: 20,
  });
}

/**
 * Takes what Temporal asks on a task queue. Rooms don't need it: while Temporal is away it tries again,
 * and people meet all the same.
 */
export function startQueueWorker(options: QueueWorkerOptions): HostWorker {
  const stopped = new AbortController();
  const running = keepRunning(options, stopped.signal);
  return {
    close: async () => {
      stopped.abort();
      await running;
    },
  };
}

async function keepRunning(options: QueueWorkerOptions, signal: AbortSignal): Promise<void> {
  for (let pauseMs = 500; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await runOnce(options, signal);
    } catch (error) {
      options.onFault(error);
    }
    if (!signal.aborted) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function runOnce(options: QueueWorkerOptions, signal: AbortSignal): Promise<void> {
  const { address, namespace, keyRing, taskQueue, activities, most } = options;
  const connection = await NativeConnection.connect({ address });
  try {
    const worker = await Worker.create({
      connection,
      namespace,
      dataConverter: createDataConverter(keyRing),
      taskQueue,
      activities: withFailures(activities),
      shutdownGraceTime: '2 seconds',
      maxConcurrentActivityTaskExecutions: most,
    });
    if (signal.aborted) return;
    signal.addEventListener('abort', () => worker.shutdown(), { once: true });
    await worker.run();
  } finally {
    await connection.close();
  }
}

/** What a host does for the workflows of its rooms. */
export function hostActivities(host: MediaHost): MediaHostActivities {
  return {
    prepareRoom: async ({ sessionId, epoch }) => {
      await host.openRoom({ sessionId, epoch });
    },
    endRoom: async ({ sessionId }) => host.endRoom(sessionId, 'ended'),
  };
}
