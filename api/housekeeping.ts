import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { forgetOldKeys } from '../db/idempotency.ts';
import { forgetOldTokens } from '../db/tokens.ts';
import { safely } from './http/error-handler.ts';

const EVERY_MS = 3_600_000;
const KEYS_LIVE_MS = 3 * 86_400_000;

/** Once an hour, forgets idempotency keys, tokens and counters that serve nothing any more. */
export function startHousekeeping(knex: Knex, log: Logger): { stop(): void } {
  const timer = setInterval(() => {
    Promise.all([forgetOldKeys(knex, KEYS_LIVE_MS), forgetOldTokens(knex)]).catch(
      (error: unknown) => log.warn({ error: safely(error) }, 'housekeeping failed'),
    );
  }, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
