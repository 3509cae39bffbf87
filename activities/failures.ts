import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { errorCodeOf, isRetryable } from '../domain/errors.ts';

type Activity = (input: never) => Promise<unknown>;

/**
 * Lets codes of the vocabulary cross into workflows: the failure's type is the code, and
 * what no retry can mend is not retried. Anything else is a fault of the moment.
 */
export function withFailures<T extends Record<string, Activity>>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [name, translating(run)]);
  return Object.fromEntries(wrapped) as T;
}

const HEARTBEAT_MS = 3_000;

/** Tells the server now and then that this worker is still alive, where the server wants to know. */
function keepBeating(): NodeJS.Timeout | undefined {
  const context = Context.current();
  if (context.info.heartbeatTimeoutMs === undefined) return undefined;
  return setInterval(() => context.heartbeat(), HEARTBEAT_MS);
}

function translating(run: Activity): Activity {
  return async (input) => {
    const beating = keepBeating();
    try {
      return await run(input);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === null || !(error instanceof Error)) throw error;
      throw ApplicationFailure.create({
        type: code,
        message: error.message,
        nonRetryable: !isRetryable(code),
      });
    } finally {
      clearInterval(beating);
    }
  };
}
