import type { Meter } from './meter.ts';

interface Known<Value> {
  readonly value: Value;
  /** What it cost: what is remembered costs the same, so that steps don't depend on the past. */
  readonly steps: number;
}

/** The latest results of a pure function of a text; it forgets the oldest of them. */
export class Recall<Value> {
  readonly #known = new Map<string, Known<Value>>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, meter: Meter, make: () => Value): Value {
    const known = this.#known.get(key);
    if (known !== undefined) {
      meter.tick(known.steps);
      return known.value;
    }
    const before = meter.steps;
    const value = make();
    if (this.#known.size >= this.#most) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(key, { value, steps: meter.steps - before });
    return value;
  }
}

/** As {@link Recall}, for as long as the object is there that the result was made of. */
export class RecallOf<Source extends object, Value> {
  readonly #known = new WeakMap<Source, Known<Value>>();

  get(source: Source, meter: Meter, make: () => Value): Value {
    const known = this.#known.get(source);
    if (known !== undefined) {
      meter.tick(known.steps);
      return known.value;
    }
    const before = meter.steps;
    const value = make();
    this.#known.set(source, { value, steps: meter.steps - before });
    return value;
  }
}
