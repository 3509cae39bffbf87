import { createHash } from 'node:crypto';
import { StripeProblem } from './errors.ts';
import type { StoredAnswer } from './records.ts';
import type { Store } from './store.ts';

const KEPT_MS = 24 * 3_600_000;
const MAX_KEY_LENGTH = 255;

/** Answers by idempotency key, for 24 hours. */
export class IdempotencyKeys {
  readonly #store: Store;
  readonly #nowMs: () => number;
  readonly #inProgress = new Set<string>();

  constructor(store: Store, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /**
   * Takes the key for a request, or returns the answer that an earlier one got. Throws Stripe's
   * 400 for a key used with another request and its 409 for one whose request is under way.
   */
  begin(key: string, path: string, parameters: unknown): StoredAnswer | null {
    if (key.length > MAX_KEY_LENGTH) {
      throw problem(
        400,
        'invalid_request_error',
        'Idempotency keys may not exceed 255 characters.',
      );
    }
    const stored = this.#stored(key);
    if (stored !== null) {
      check(key, stored, path, fingerprint(parameters));
      return stored;
    }
    if (this.#inProgress.has(key)) throw inUse(key);
    this.#inProgress.add(key);
    return null;
  }

  /** Within the transaction of the request itself, so that both are kept or neither. */
  keep(key: string, parameters: unknown, answer: Omit<StoredAnswer, 'fingerprint'>): void {
    const record = { ...answer, fingerprint: fingerprint(parameters) };
    this.#store.put('idempotency_keys', key, record);
  }

  end(key: string): void {
    this.#inProgress.delete(key);
  }

  /** Forgets all stored answers, as Stripe may after 24 hours. Returns how many there were. */
  forget(): number {
    const keys = this.#store.all('idempotency_keys').length;
    this.#store.transaction(() => this.#prune(-Infinity));
    return keys;
  }

  #stored(key: string): StoredAnswer | null {
    const stored = this.#store.get('idempotency_keys', key);
    return stored !== undefined && this.#nowMs() - stored.createdMs < KEPT_MS ? stored : null;
  }

  #prune(keptMs: number): void {
    for (const [key, stored] of this.#store.entries('idempotency_keys')) {
      if (this.#nowMs() - stored.createdMs >= keptMs) this.#store.delete('idempotency_keys', key);
    }
  }

  /** Drops what is older than 24 hours. */
  prune(): void {
    this.#store.transaction(() => this.#prune(KEPT_MS));
  }
}

function check(key: string, stored: StoredAnswer, path: string, print: string): void {
  if (stored.path !== path) {
    throw problem(
      400,
      'idempotency_error',
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${stored.path}'). Try using a key other than '${key}' if you meant to execute a different request.`,
    );
  }
  if (stored.fingerprint === print) return;
  throw problem(
    400,
    'idempotency_error',
    `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
  );
}

function inUse(key: string): StripeProblem {
  const message = `There is currently another in-progress request using this Stripe-Idempotency-Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`;
  return problem(409, 'invalid_request_error', message, 'idempotency_key_in_use');
}

function problem(
  status: number,
  type: 'idempotency_error' | 'invalid_request_error',
  message: string,
  code?: string,
): StripeProblem {
  const body = code === undefined ? { type, message } : { type, message, code };
  return new StripeProblem(status, body, 'refused');
}

/** The same for the same parameters in any order. */
function fingerprint(parameters: unknown): string {
  return createHash('sha256').update(canonical(parameters)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
