import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { beat, endProcess, recordComing, recordLeaving, sweepPresence } from '../../db/presence.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';

export interface PresenceTimes {
  readonly beatEveryMs: number;
  /** A process that has not been heard of for so long is dead. */
  readonly leaseMs: number;
  /** Whoever is back within this time was not away. */
  readonly graceMs: number;
  readonly sweepEveryMs: number;
}

export const PRESENCE_TIMES: PresenceTimes = {
  beatEveryMs: 5_000,
  leaseMs: 15_000,
  graceMs: 10_000,
  sweepEveryMs: 2_000,
};

/** Those who come in the same moment are noted together. */
const GATHER_MS = 50;
const MOST_WAITING = 4;

/** Notes who is at this process, in batches, for as long as the process lives. */
export class Presence {
  readonly #knex: Knex;
  readonly #log: ApiDeps['log'];
  readonly #times: PresenceTimes;
  readonly #processId = newId();
  readonly #here = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #timers: NodeJS.Timeout[];
  #gathering: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;

  constructor({ knex, log }: Pick<ApiDeps, 'knex' | 'log'>, times: PresenceTimes) {
    this.#knex = knex;
    this.#log = log;
    this.#times = times;
    this.#do(() => this.#beat());
    this.#timers = [
      setInterval(() => this.#do(() => this.#beat()), times.beatEveryMs).unref(),
      setInterval(() => this.#do(() => this.#sweep()), times.sweepEveryMs).unref(),
    ];
  }

  came(personId: string): void {
    this.#here.add(personId);
    this.#note(personId);
  }

  left(personId: string): void {
    this.#here.delete(personId);
    this.#note(personId);
  }

  /** Its people are there no more, unless they are elsewhere. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#gathering);
    this.#isClosed = true;
    await this.#work;
    await endProcess(this.#knex, this.#processId).catch((error: unknown) => this.#warn(error));
  }

  #note(personId: string): void {
    this.#changed.add(personId);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#do(() => this.#record());
    }, GATHER_MS).unref();
  }

  /** One after the other: a lease needs the process, and an end comes last. */
  #do(step: () => Promise<unknown>): void {
    // While the database is silent they don't pile up: each beat notes all that has changed.
    if (this.#isClosed || this.#waiting >= MOST_WAITING) return;
    this.#waiting += 1;
    this.#work = this.#work
      .then(step)
      .catch((error: unknown) => this.#warn(error))
      .then(() => {
        this.#waiting -= 1;
      });
  }

  #warn(error: unknown): void {
    this.#log.warn({ error: safely(error) }, 'who is there could not be noted');
  }

  /** After a failure, or an outage in which others took this process for dead, all are noted again. */
  async #beat(): Promise<void> {
    const isNew = await beat(this.#knex, this.#processId, this.#times.leaseMs);
    if (isNew) for (const personId of this.#here) this.#changed.add(personId);
    await this.#record();
  }

  async #record(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed.clear();
    try {
      const isHere = (personId: string): boolean => this.#here.has(personId);
      const left = changed.filter((personId) => !isHere(personId));
      await recordLeaving(this.#knex, this.#processId, left);
      await recordComing(this.#knex, this.#processId, changed.filter(isHere));
    } catch (error) {
      for (const personId of changed) this.#changed.add(personId);
      throw error;
    }
  }

  async #sweep(): Promise<void> {
    await sweepPresence(this.#knex, this.#times.graceMs);
  }
}
