import { isIPv6 } from 'node:net';
import type { Response } from 'express';
import type { Knex } from 'knex';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { HoldfastError } from '../../domain/errors.ts';
import type { RateLimit, RateLimits } from '../context.ts';
import type { LimitGroup } from './document.ts';

/** Has a request not count where it turns out to have been no guess. */
export type Uncount = () => Promise<void>;

/** Counts a request and sets the published headers. Throws `rate_limited`. */
export type Limiter = (
  group: LimitGroup,
  personId: string | null,
  address: string,
  res: Response,
) => Promise<Uncount>;

const asCounted: Uncount = async () => undefined;

/** Each process counts for itself, except authentication, which all count together in PostgreSQL. */
export function createLimiter(knex: Knex, limits: RateLimits): Limiter {
  const codes = together(knex, 'codes', limits.auth);
  const limiters: Readonly<Record<keyof RateLimits, RateLimiterAbstract>> = {
    api: inMemory('api', limits.api),
    admin: inMemory('admin', limits.admin),
    general: inMemory('general', limits.general),
    auth: together(knex, 'auth', limits.auth),
  };
  return async (group, personId, address, res) => {
    if (group === 'none') return asCounted;
    const caller = personId ?? networkOf(address);
    const ordinary = group === 'codes' ? 'general' : group;
    await consume(limiters[ordinary], limits[ordinary], caller, res);
    if (group !== 'codes') return asCounted;
    // Before it is looked at, so that many guesses at once are no way around the limit.
    await consume(codes, limits.auth, caller, res);
    return async () => void (await codes.reward(caller).catch(() => undefined));
  };
}

async function consume(
  limiter: RateLimiterAbstract,
  { points }: RateLimit,
  caller: string,
  res: Response,
): Promise<void> {
  try {
    setHeaders(res, points, await limiter.consume(caller));
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    setHeaders(res, points, refusal);
    throw new HoldfastError('rate_limited', 'Too many requests; please slow down', {
      retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
    });
  }
}

function together(knex: Knex, keyPrefix: string, limit: RateLimit): RateLimiterAbstract {
  return new RateLimiterPostgres({
    storeClient: knex,
    storeType: 'knex',
    tableName: 'rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix,
    points: limit.points,
    duration: limit.seconds,
    insuranceLimiter: inMemory(keyPrefix, limit),
  });
}

function inMemory(keyPrefix: string, { points, seconds }: RateLimit): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix, points, duration: seconds });
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
