import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { open, seal } from '../../crypto/aead.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { claimKey, extendLock, keepAnswer, releaseKey } from '../../db/idempotency.ts';
import type { ClaimOutcome, KeyClaim } from '../../db/idempotency.ts';
import { HoldfastError, isRetryable } from '../../domain/errors.ts';
import type { ErrorCode, ErrorDetails } from '../../domain/errors.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import type { ReadBody } from './body.ts';
import { safely } from './error-handler.ts';
import { toFault } from './fault.ts';
import type { Answer, Call } from './handler.ts';

export interface Idempotency {
  /** Answers a request once for each `Idempotency-Key`; a request without one is simply run. */
  once(
    call: Call<unknown, Readonly<Record<string, unknown>>, Principal | null>,
    body: ReadBody,
    run: (newId: string) => Promise<Answer>,
  ): Promise<Answer>;
  /**
   * As {@link Idempotency.once}, where nothing may be refused: a key that is used again with another
   * body, that is none, or that can't be looked up soon makes a request of its own.
   */
  onceOrAnew: Idempotency['once'];
  /** Waits until the answers that were given are kept. */
  drain(): Promise<void>;
}

type Request = Parameters<Idempotency['once']>;
type AnyCall = Request[0];
/** Runs the request, or repeats its first answer. */
type Begun = () => Promise<Answer>;

/** What the first attempt came to: an answer, or an error that will not change. */
type Kept =
  | { readonly answer: Answer }
  | {
      readonly fault: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly details: ErrorDetails;
      };
    };

const KEY = /^[\x21-\x7e]{1,255}$/;
/** A crashed attempt keeps its duplicates waiting for as long. */
const LOCK_MS = 10_000;
const EXTEND_EVERY_MS = 4_000;
const WAIT_MS = 30_000;
/** As long as a cry for help may wait to be told from its own repetition. */
const BRIEF_WAIT_MS = 2_000;
const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 250;

export function createIdempotency(deps: Pick<ApiDeps, 'knex' | 'keyRing' | 'log'>): Idempotency {
  const { knex, keyRing, log } = deps;
  const keeping = new Set<Promise<void>>();

  /** The caller doesn't wait for this: until it is done, a repeated request does. */
  function settle(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => log.error({ error: safely(error) }, 'an answer was not kept'))
      .finally(() => keeping.delete(done));
    keeping.add(done);
  }

  async function attempt(
    claim: KeyClaim,
    objectId: string,
    run: (newId: string) => Promise<Answer>,
  ): Promise<Answer> {
    const alive = setInterval(() => settle(extendLock(knex, claim, LOCK_MS)), EXTEND_EVERY_MS);
    try {
      const answer = await run(objectId);
      const isFinal = answer.status < 500;
      settle(isFinal ? keep(keyRing, claim, answer.status, { answer }) : releaseKey(knex, claim));
      return answer;
    } catch (error) {
      const { code, status, message, details } = toFault(error);
      // Whoever has to confirm a payment is told to send the same request again, key and all.
      const isToBeRepeated = isRetryable(code) || code === 'payment_action_required';
      const isFinal = status < 500 && !isToBeRepeated;
      const fault = { code, message, details };
      settle(isFinal ? keep(keyRing, claim, status, { fault }) : releaseKey(knex, claim));
      throw error;
    } finally {
      clearInterval(alive);
    }
  }

  async function keep(ring: KeyRing, claim: KeyClaim, status: number, kept: Kept): Promise<void> {
    await keepAnswer(knex, claim, { status, response: await sealKept(ring, claim, kept) });
  }

  async function begin(waitMs: number, ...[call, body, run]: Request): Promise<Begun> {
    const claim = claimOf(call, body);
    if (claim === null) return () => run(call.newId);
    const outcome = await claimOrWait(() => claimKey(knex, claim), waitMs);
    if (outcome.kind === 'claimed') return () => attempt(claim, outcome.objectId, run);
    const answer = await replay(keyRing, claim, outcome.response);
    return () => Promise.resolve(answer);
  }

  return {
    once: async (...request) => (await begin(WAIT_MS, ...request))(),
    onceOrAnew: async (...request) => {
      const [call, , run] = request;
      const anew: Begun = () => run(call.newId);
      const known = begin(BRIEF_WAIT_MS, ...request).catch(() => anew);
      return (await Promise.race([known, sleep(BRIEF_WAIT_MS, anew, { ref: false })]))();
    },
    drain: async () => {
      await Promise.all(keeping);
    },
  };
}

async function replay(ring: KeyRing, claim: KeyClaim, response: Buffer): Promise<Answer> {
  const kept = await openKept(ring, claim, response);
  if ('answer' in kept) {
    const headers = { ...kept.answer.headers, 'idempotency-replayed': 'true' };
    return { ...kept.answer, headers };
  }
  throw new HoldfastError(kept.fault.code, kept.fault.message, kept.fault.details);
}

function claimOf(call: AnyCall, body: ReadBody): KeyClaim | null {
  const key = call.headers['idempotency-key'];
  // Those who share an address must not be given each other's identity.
  if (key === undefined || call.operationId === 'signInAnonymously') return null;
  if (typeof key !== 'string' || !KEY.test(key)) {
    const message = 'The Idempotency-Key must be 1 to 255 printable characters';
    throw new HoldfastError('malformed_request', message);
  }
  const query = JSON.stringify(Object.entries(call.query).toSorted());
  return {
    caller: callerOf(call),
    route: [call.operationId, ...Object.values(call.params)].join(' '),
    key,
    bodyHash: createHash('sha256').update(query).update('\0').update(body.raw).digest(),
    newObjectId: call.newId,
    lockMs: LOCK_MS,
  };
}

/** Callers without an account are told apart by their address, which isn't kept. */
function callerOf({ principal, address }: AnyCall): string {
  if (principal !== null) return principal.personId;
  return `address:${createHash('sha256').update(address).digest('base64url')}`;
}

type Settled = Exclude<ClaimOutcome, { kind: 'running' | 'other_body' }>;

/** A duplicate waits for the first attempt's answer, or for its loss. */
async function claimOrWait(claim: () => Promise<ClaimOutcome>, waitMs: number): Promise<Settled> {
  const giveUpAtMs = performance.now() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    const outcome = await claim();
    if (outcome.kind === 'claimed' || outcome.kind === 'answered') return outcome;
    if (outcome.kind === 'other_body') {
      const message = 'This Idempotency-Key was used with another request';
      throw new HoldfastError('idempotency_key_reused', message);
    }
    if (performance.now() >= giveUpAtMs) {
      const message = 'The same request is still being worked on';
      throw new HoldfastError('dependency_unavailable', message, { retryAfterSeconds: 2 });
    }
    await sleep(pauseMs);
  }
}

/** Bound to its row, so that an answer can't be moved to another caller's key. */
function placeOf({ caller, route, key }: KeyClaim): string {
  return JSON.stringify(['idempotency', caller, route, key]);
}

async function sealKept(ring: KeyRing, claim: KeyClaim, kept: Kept): Promise<Buffer> {
  const { id, key } = await ring.current('payloads');
  const name = Buffer.from(id);
  const sealed = seal(key, Buffer.from(JSON.stringify(kept)), placeOf(claim));
  return Buffer.concat([Uint8Array.of(name.length), name, sealed]);
}

async function openKept(ring: KeyRing, claim: KeyClaim, response: Buffer): Promise<Kept> {
  const end = 1 + (response[0] ?? 0);
  const key = await ring.get('payloads', response.toString('utf8', 1, end));
  const clear = open(key, response.subarray(end), placeOf(claim));
  if (clear === null) throw new HoldfastError('internal', 'A kept answer does not open');
  return JSON.parse(clear.toString('utf8')) as Kept;
}
