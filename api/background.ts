import type { Logger } from 'pino';
import { safely } from './http/error-handler.ts';

const running = new Set<Promise<void>>();

/** Does what the caller must not wait for, lest the time of the answer tell what was found. */
export function afterAnswering(log: Logger, what: string, work: () => Promise<void>): void {
  const done = work()
    .catch((error: unknown) => log.error({ error: safely(error) }, `${what} failed`))
    .finally(() => running.delete(done));
  running.add(done);
}

/** Resolves once nothing of that kind is under way. */
export async function settleBackground(): Promise<void> {
  while (running.size > 0) await Promise.all(running);
}
