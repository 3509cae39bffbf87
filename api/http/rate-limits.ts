import { isIPv6 } from 'node:net';
import type { Response } from 'express';
import type { Knex } from 'knex';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { HoldfastError } from '../../domain/errors.ts';
import type { RateLimits } from '../context.ts';
import type { LimitGroup } from './document.ts';

/** Counts a request and sets the published headers. Throws `rate_limited`. */
export type Limiter = (
  group: LimitGroup,
  personId: string | null,
  address: string,
  res: Response,
) => Promise<void>;

/** Each process counts for itself, except authentication, which all count together in PostgreSQL. */
export function createLimiter(knex: Knex, limits: RateLimits): Limiter {
  const limiters: Readonly<Record<keyof RateLimits, RateLimiterAbstract>> = {
    api: inMemory('api', limits),
    admin: inMemory('admin', limits),
    general: inMemory('general', limits),
    auth: new RateLimiterPostgres({
      storeClient: knex,
      storeType: 'knex',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: 'auth',
      points: limits.auth.points,
      duration: limits.auth.seconds,
      insuranceLimiter: inMemory('auth', limits),
    }),
  };
  return async (group, personId, address, res) => {
    if (group === 'none') return;
    try {
      const left = await limiters[group].consume(personId ?? networkOf(address));
      setHeaders(res, limits[group].points, left);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      setHeaders(res, limits[group].points, refusal);
      throw new HoldfastError('rate_limited', 'Too many requests; please slow down', {
        retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
      });
    }
  };
}

function inMemory(group: keyof RateLimits, limits: RateLimits): RateLimiterMemory {
  const { points, seconds } = limits[group];
  return new RateLimiterMemory({ keyPrefix: group, points, duration: seconds });
}

function setHeaders(res: Response, limit: number, state: RateLimiterRes): void {
  res.setHeader('x-ratelimit-limit', limit);
  res.setHeader('x-ratelimit-remaining', Math.max(0, state.remainingPoints));
  res.setHeader('x-ratelimit-reset', Math.ceil((Date.now() + state.msBeforeNext) / 1000));
}

/** One customer has at least 2^64 IPv6 addresses: the network counts, not the address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
