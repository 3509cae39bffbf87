import { Worker } from 'node:worker_threads';
import type { BusyAnswer, BusyQuestion } from './busy-times.ts';

/** Reads busy times out of a calendar file that may be hostile. */
export type ReadBusyTimes = (question: BusyQuestion) => Promise<BusyAnswer>;

export interface BusyReaderLimits {
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

const LIMITS: BusyReaderLimits = { timeoutMs: 15_000, memoryMb: 192 };
const THREAD = new URL('./busy-thread.ts', import.meta.url);

/**
 * Reads each file in a thread of its own, which is ended when it takes too long or too much
 * memory; one file at a time, so that they never crowd out what else the process does.
 */
export function createBusyReader(limits: BusyReaderLimits = LIMITS): ReadBusyTimes {
  let last: Promise<unknown> = Promise.resolve();
  return (question) => {
    const answer = last.then(() => readInThread(question, limits));
    last = answer.catch(() => {});
    return answer;
  };
}

function readInThread(
  question: BusyQuestion,
  { timeoutMs, memoryMb }: BusyReaderLimits,
): Promise<BusyAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<BusyAnswer>();
  const thread = new Worker(THREAD, {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    // Neither secrets of the environment nor anything that is written get in or out.
    env: {},
    stdout: true,
    stderr: true,
  });
  const timer = setTimeout(() => resolve({ kind: 'too_complex' }), timeoutMs);
  thread.once('message', resolve);
  thread.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ kind: 'too_complex' });
    else reject(error);
  });
  thread.once('exit', () => resolve({ kind: 'too_complex' }));
  return promise.finally(async () => {
    clearTimeout(timer);
    await thread.terminate();
  });
}
