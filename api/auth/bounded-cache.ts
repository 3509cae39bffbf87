interface Entry<Value> {
  readonly value: Value;
  readonly expiresAtMs: number;
}

/** Remembers up to `maxEntries` values, each for `ttlMs` from when it was set; the oldest go first. */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #maxEntries: number;
  readonly #ttlMs: number;

  constructor(maxEntries: number, ttlMs: number) {
    this.#maxEntries = maxEntries;
    this.#ttlMs = ttlMs;
  }

  get(name: string): Value | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > performance.now()) return entry.value;
    this.#entries.delete(name);
    return undefined;
  }

  set(name: string, value: Value): void {
    this.#entries.delete(name);
    this.#entries.set(name, { value, expiresAtMs: performance.now() + this.#ttlMs });
    if (this.#entries.size <= this.#maxEntries) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  /** Drops every value that `matches`; walks all of them. */
  deleteWhere(matches: (value: Value) => boolean): void {
    for (const [name, { value }] of this.#entries) {
      if (matches(value)) this.#entries.delete(name);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
