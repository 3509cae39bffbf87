import { randomInt } from 'node:crypto';
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { type Admission, OPEN, nextAdmission } from './admission.ts';
import { CALM, isShed, isShedFirst, nextLoad, shedRefusal } from './shedding.ts';
import type { LoadLevel, LoadLimits, LoadState, ShedOperation } from './shedding.ts';

/** How busy this process is, and the machine that it runs on. */
export interface LoadMonitor {
  level(): LoadLevel;
  /** Throws `dependency_unavailable`, after a pause, where the request has to wait outside. */
  admit(operation: ShedOperation): Promise<void>;
  /** A request begins. Gives what is to be called when it is over. */
  enter(): () => void;
  /** Somebody has called for help: for a while bookings leave more of the machine free. */
  helpIsCalled(): void;
  close(): void;
}

export interface Shedding extends LoadLimits {
  /** From this share of all processors on fewer bookings are let in; null lets them all in. */
  readonly busyShare: number | null;
}

const RESOLUTION_MS = 10;
const SAMPLE_EVERY_MS = 400;
const NANOSECONDS = 1e6;
/** One late timer is a long answer or the garbage collector; if most are late, there is too much to do. */
const MOST = 50;
/**
 * Whoever is sent away hears it after a while, so that those who come back at once come less often;
 * each after another while, so that a crowd does not come back as one.
 */
const REFUSED_AFTER_MS = { least: 400, most: 1_200 };
/** So many wait for their refusal at most; to wait costs a timer and a connection. */
const MOST_WAITING = 500;

/** So much of a second's bookings may be let in at once. */
const BURST_SECONDS = 0.2;
/** For so long a call for help is at hand: its first pages, and what those who are paged do then, ms. */
const AT_HAND_MS = 30_000;

/** Watches this process. `knex` is the pool that bookings use. */
export function watchLoad(knex: Knex, limits: Shedding): LoadMonitor {
  return new Watch(knex, limits);
}

class Watch implements LoadMonitor {
  readonly #knex: Knex;
  readonly #limits: Shedding;
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #loopDelayMs = 0;
  #lastDelayMs = 0;
  #inFlight = 0;
  #waiting = 0;
  #state: LoadState = CALM;
  #admission: Admission = OPEN;
  #asked = 0;
  #admitted = 0;
  #tokens = 0;
  #processors = processorTimes();
  #sampledAtMs = performance.now();
  #refilledAtMs = performance.now();
  #helpCalledAtMs = -Infinity;

  constructor(knex: Knex, limits: Shedding) {
    this.#knex = knex;
    this.#limits = limits;
    this.#delays.enable();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS).unref();
  }

  level(): LoadLevel {
    const [loopDelayMs, inFlight] = [this.#loopDelayMs, this.#inFlight];
    const reading = { loopDelayMs, poolWaiters: waitersOf(this.#knex), inFlight };
    this.#state = nextLoad(this.#limits, this.#state, reading, performance.now());
    return this.#state.level;
  }

  async admit(operation: ShedOperation): Promise<void> {
    const level = this.level();
    if (!isShed(level, operation) && this.#hasRoomFor(operation)) return;
    if (this.#waiting < MOST_WAITING) {
      this.#waiting += 1;
      await sleep(randomInt(REFUSED_AFTER_MS.least, REFUSED_AFTER_MS.most));
      this.#waiting -= 1;
    }
    throw shedRefusal(level);
  }

  enter(): () => void {
    this.#inFlight += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.#inFlight -= 1;
      isOver = true;
    };
  }

  helpIsCalled(): void {
    this.#helpCalledAtMs = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  #hasRoomFor(operation: ShedOperation): boolean {
    if (!isShedFirst(operation)) return true;
    this.#asked += 1;
    if (this.#admission.ratePerSecond !== null) {
      this.#refill(this.#admission.ratePerSecond);
      if (this.#tokens < 1) return false;
      this.#tokens -= 1;
    }
    this.#admitted += 1;
    return true;
  }

  #sample(): void {
    const nowMs = performance.now();
    const spanMs = nowMs - this.#sampledAtMs;
    this.#sampledAtMs = nowMs;
    const delayMs = Math.max(0, this.#delays.percentile(MOST) / NANOSECONDS - RESOLUTION_MS);
    // A crowd that comes at once blocks the loop for a moment: two samples on end are a load.
    this.#loopDelayMs = Math.min(delayMs, this.#lastDelayMs);
    this.#lastDelayMs = delayMs;
    this.#delays.reset();
    this.#adjust(spanMs);
    this.level();
  }

  #adjust(spanMs: number): void {
    const { busyShare: limit } = this.#limits;
    if (limit === null) return;
    const before = this.#processors;
    this.#processors = processorTimes();
    const busyShare = shareBetween(before, this.#processors);
    const isHelpAtHand = performance.now() - this.#helpCalledAtMs < AT_HAND_MS;
    const [asked, admitted] = [this.#asked, this.#admitted];
    const reading = { busyShare, asked, admitted, spanMs, isHelpAtHand };
    this.#refill(this.#admission.ratePerSecond ?? 0);
    this.#admission = nextAdmission(limit, this.#admission, reading);
    [this.#asked, this.#admitted] = [0, 0];
  }

  /** One after another, in even steps: what was not used in a quiet moment is not let in all at once later. */
  #refill(ratePerSecond: number): void {
    const nowMs = performance.now();
    const gained = (ratePerSecond * (nowMs - this.#refilledAtMs)) / 1_000;
    this.#refilledAtMs = nowMs;
    this.#tokens = Math.min(this.#tokens + gained, Math.max(1, ratePerSecond * BURST_SECONDS));
  }
}

interface ProcessorTimes {
  readonly busyMs: number;
  readonly allMs: number;
}

/** Of all processors together, since the machine began. */
function processorTimes(): ProcessorTimes {
  let [busyMs, allMs] = [0, 0];
  for (const { times } of cpus()) {
    const ownMs = times.user + times.nice + times.sys + times.irq;
    busyMs += ownMs;
    allMs += ownMs + times.idle;
  }
  return { busyMs, allMs };
}

function shareBetween(before: ProcessorTimes, after: ProcessorTimes): number {
  const allMs = after.allMs - before.allMs;
  return allMs > 0 ? (after.busyMs - before.busyMs) / allMs : 0;
}

interface Pool {
  numPendingAcquires(): number;
}

function waitersOf(knex: Knex): number {
  const pool = (knex.client as { pool?: Pool }).pool;
  return pool?.numPendingAcquires() ?? 0;
}

/** Never busy: for tests, and wherever nothing is shed. */
export const NEVER_BUSY: LoadMonitor = {
  level: () => 'calm',
  admit: () => Promise.resolve(),
  enter: () => () => undefined,
  helpIsCalled: () => undefined,
  close: () => undefined,
};
