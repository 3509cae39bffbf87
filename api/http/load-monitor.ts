import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Knex } from 'knex';
import { CALM, nextLoad } from './shedding.ts';
import type { LoadLevel, LoadLimits, LoadState } from './shedding.ts';

/** How busy this process is. */
export interface LoadMonitor {
  level(): LoadLevel;
  /** A request begins. Gives what is to be called when it is over. */
  enter(): () => void;
  close(): void;
}

const RESOLUTION_MS = 10;
const SAMPLE_EVERY_MS = 400;
const NANOSECONDS = 1e6;
/** One late timer is a long answer or the garbage collector; if most are late, there is too much to do. */
const MOST = 50;

/** Watches this process. `knex` is the pool that bookings use. */
export function watchLoad(knex: Knex, limits: LoadLimits): LoadMonitor {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let loopDelayMs = 0;
  let inFlight = 0;
  let state: LoadState = CALM;
  const look = (): LoadLevel => {
    const reading = { loopDelayMs, poolWaiters: waitersOf(knex), inFlight };
    state = nextLoad(limits, state, reading, performance.now());
    return state.level;
  };
  const timer = setInterval(() => {
    loopDelayMs = Math.max(0, delays.percentile(MOST) / NANOSECONDS - RESOLUTION_MS);
    delays.reset();
    look();
  }, SAMPLE_EVERY_MS);
  timer.unref();
  return {
    level: look,
    enter: () => {
      inFlight += 1;
      let isOver = false;
      return () => {
        if (!isOver) inFlight -= 1;
        isOver = true;
      };
    },
    close: () => {
      clearInterval(timer);
      delays.disable();
    },
  };
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
  enter: () => () => undefined,
  close: () => undefined,
};
