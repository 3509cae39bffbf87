import { setTimeout as sleep } from 'node:timers/promises';
import { forgetDispatched, lookThrough } from '../../db/outbox.ts';
import type { OutboxLane, Subscription } from '../../db/outbox.ts';
import type { OutboxConsumer, OutboxDeps } from './contract.ts';
import { drainConsumer } from './drain.ts';
import type { DrainOptions, RelayFault } from './drain.ts';

export interface RelayOptions extends Partial<Omit<DrainOptions, 'signal' | 'onFault'>> {
  /** Pause between two looks at the outbox, ms. */
  readonly pollMs?: number;
  /** How long events are kept that everybody has heard of, ms. */
  readonly retentionMs?: number;
  /** Whose events it hands over; the ordinary ones by default. */
  readonly lane?: OutboxLane;
  readonly onFault?: (fault: RelayFault) => void;
}

export interface Relay {
  /** Stops after the events at hand; what is not begun goes to another relay. May be called again. */
  close(): Promise<void>;
}

const DEFAULTS = { leaseMs: 60_000, batch: 50, handleWithinMs: 20_000, maxPauseMs: 3_600_000 };
/**
 * Writers don't notify: a NOTIFY makes the commits of all writers wait for one another (measured
 * at 16 of them: half the transactions a second), and this look costs a tenth of a millisecond.
 */
const POLL_MS = 250;
const FAN_OUT_ROWS = 500;
const RETENTION_MS = 7 * 86_400_000;
const PURGE_EVERY_MS = 3_600_000;
const PURGE_ROWS = 5_000;

/**
 * Hands the events of the outbox to their consumers. Any number of relays may run: an event is
 * with one of them at a time, and comes to another when its relay is gone.
 */
export function startRelay(
  deps: OutboxDeps,
  consumers: readonly OutboxConsumer[],
  options: RelayOptions = {},
): Relay {
  assertDistinct(consumers);
  const stopping = new AbortController();
  const onFault = options.onFault ?? (() => undefined);
  const drain: DrainOptions = { ...DEFAULTS, ...options, onFault, signal: stopping.signal };
  const relay = new LoopingRelay(deps, consumers, drain, options);
  const running = relay.run();
  return {
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

class LoopingRelay {
  readonly #deps: OutboxDeps;
  readonly #consumers: ReadonlyMap<string, OutboxConsumer>;
  readonly #subscriptions: readonly Subscription[];
  readonly #drain: DrainOptions;
  readonly #pollMs: number;
  readonly #retentionMs: number;
  readonly #lane: OutboxLane;
  readonly #draining = new Map<string, Promise<void>>();
  #purgeAt = performance.now();

  constructor(
    deps: OutboxDeps,
    consumers: readonly OutboxConsumer[],
    drain: DrainOptions,
    options: RelayOptions,
  ) {
    this.#deps = deps;
    this.#consumers = new Map(consumers.map((consumer) => [consumer.name, consumer]));
    this.#subscriptions = consumers.flatMap(({ name, topics }) =>
      Object.entries(topics).map(([topic, of]) => ({
        consumer: name,
        topic,
        of: of === 'all' ? null : of,
      })),
    );
    this.#drain = drain;
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#retentionMs = options.retentionMs ?? RETENTION_MS;
    this.#lane = options.lane ?? 'ordinary';
  }

  async run(): Promise<void> {
    const { signal, onFault } = this.#drain;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        onFault({ consumer: null, outboxId: null, error });
      }
      await sleep(this.#pollMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.#draining.values());
  }

  async #round(): Promise<void> {
    const { knex } = this.#deps;
    let isMore = true;
    while (isMore && !this.#drain.signal.aborted) {
      const { fannedOut, due } = await lookThrough(
        knex,
        this.#subscriptions,
        FAN_OUT_ROWS,
        this.#lane,
      );
      for (const name of due) if (!this.#draining.has(name)) this.#begin(name);
      isMore = fannedOut === FAN_OUT_ROWS;
    }
    await this.#purgeWhenDue();
  }

  /** Each consumer goes at its own pace: a slow one holds up neither the others nor the next look. */
  #begin(name: string): void {
    const consumer = this.#consumers.get(name)!;
    const { onFault } = this.#drain;
    const draining = drainConsumer(this.#deps, consumer, this.#drain)
      .catch((error: unknown) => onFault({ consumer: name, outboxId: null, error }))
      .finally(() => this.#draining.delete(name));
    this.#draining.set(name, draining);
  }

  async #purgeWhenDue(): Promise<void> {
    if (performance.now() < this.#purgeAt) return;
    this.#purgeAt = performance.now() + PURGE_EVERY_MS;
    while (
      (await forgetDispatched(this.#deps.knex, this.#retentionMs, PURGE_ROWS)) === PURGE_ROWS
    ) {
      if (this.#drain.signal.aborted) return;
    }
  }
}

function assertDistinct(consumers: readonly OutboxConsumer[]): void {
  const names = new Set(consumers.map(({ name }) => name));
  if (names.size < consumers.length) throw new TypeError('Two consumers share a name');
}
