import type { KeyObject } from 'node:crypto';
import type { Knex } from 'knex';

const MAX_KEYS = 10_000;
const TTL_MS = 10 * 60_000;

interface Remembered {
  readonly key: KeyObject;
  readonly sinceMs: number;
}

/**
 * Data keys by owner. What a transaction itself has made may never be committed, so it is
 * kept with that transaction; only a key that is known to be committed is shared.
 */
export class KeyCache {
  readonly #shared = new Map<string, Remembered>();
  readonly #byTransaction = new WeakMap<Knex, Map<string, KeyObject>>();

  get(db: Knex, name: string): KeyObject | undefined {
    const shared = this.#shared.get(name);
    if (shared !== undefined && performance.now() - shared.sinceMs < TTL_MS) return shared.key;
    let scope: Knex | undefined = db;
    while (scope !== undefined && scope.isTransaction === true) {
      const own = this.#byTransaction.get(scope)?.get(name);
      if (own !== undefined) return own;
      scope = (scope as Knex.Transaction).parentTransaction;
    }
    return undefined;
  }

  /** Keeps a key that exists for everyone. */
  share(name: string, key: KeyObject): void {
    this.#shared.delete(name);
    if (this.#shared.size >= MAX_KEYS) {
      const oldest = this.#shared.keys().next();
      if (oldest.done !== true) this.#shared.delete(oldest.value);
    }
    this.#shared.set(name, { key, sinceMs: performance.now() });
  }

  /** Keeps a key that `db` has just made; outside a transaction that is committed already. */
  made(db: Knex, name: string, key: KeyObject): void {
    if (db.isTransaction !== true) {
      this.share(name, key);
      return;
    }
    const own = this.#byTransaction.get(db);
    if (own !== undefined) own.set(name, key);
    else this.#byTransaction.set(db, new Map([[name, key]]));
  }
}
