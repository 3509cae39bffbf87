import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { HoldfastError } from '../../domain/errors.ts';

/** Guards one account against guessing: by its id, or by the address of one that isn't known. */
export interface SignInGuard {
  /** Counts an attempt before it is tried. Throws `account_locked` after five failures in 15 minutes. */
  enter(name: string): Promise<void>;
  /** A right password forgets the failures. */
  succeed(name: string): Promise<void>;
}

const MAX_FAILURES = 5;
const WINDOW_SECONDS = 15 * 60;
const LOCK_SECONDS = 30 * 60;

export function createSignInGuard(knex: Knex): SignInGuard {
  const limiter = new RateLimiterPostgres({
    storeClient: knex,
    storeType: 'knex',
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: 'sign-in',
    points: MAX_FAILURES,
    duration: WINDOW_SECONDS,
    blockDuration: LOCK_SECONDS,
  });
  return {
    enter: async (name) => {
      try {
        await limiter.consume(keyOf(name));
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const retryAfterSeconds = Math.ceil(refusal.msBeforeNext / 1000);
        throw new HoldfastError(
          'account_locked',
          'Too many failed login attempts. Try again in 30 minutes.',
          { retryAfterSeconds },
        );
      }
    },
    succeed: async (name) => {
      await limiter.delete(keyOf(name));
    },
  };
}

/** Addresses don't stand in a table of counters. */
function keyOf(name: string): string {
  return createHash('sha256').update(name.toLowerCase()).digest('hex');
}
