import { setTimeout as sleep } from 'node:timers/promises';
import { findSuspects } from '../../db/crisis-watch.ts';
import type { WatchedRow } from '../../db/crisis-watch.ts';
import { seekLeadership } from '../../db/leadership.ts';
import { WATCH_TIMES, neglectOf } from '../../domain/alert-watch.ts';
import type { Neglect, WatchTimes } from '../../domain/alert-watch.ts';
import type { AuditorDeps } from './contract.ts';
import { pageFor } from './paging.ts';
import { sweepWorkflows } from './workflows.ts';

export interface AuditorOptions {
  readonly databaseUrl: string;
  /** The kind of process that this is, such as `crisis` or `api`. */
  readonly host: string;
  readonly times?: WatchTimes;
  /** Pause between two looks at the alerts, ms. */
  readonly everyMs?: number;
  /** Pause between two looks at the workflows, ms. */
  readonly sweepEveryMs?: number;
}

export interface Auditor {
  readonly isLeading: boolean;
  /** Stops after the pages at hand; may be called again. */
  close(): Promise<void>;
}

export const AUDITOR = 'auditor';
const EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 5_000;

/**
 * Watches over open alerts from outside their workflows, and pages by itself where nobody does.
 * Each process of the crisis lane and of the API has one; one of them leads, and another follows
 * it when its process dies: the API's, so that alerts are paged for with every crisis worker dead,
 * and the worker's, so that they are with every API dead.
 */
export function startAuditor(deps: AuditorDeps, options: AuditorOptions): Auditor {
  const { databaseUrl, host, everyMs = EVERY_MS, sweepEveryMs = SWEEP_EVERY_MS } = options;
  const times = options.times ?? WATCH_TIMES;
  const leadership = seekLeadership({
    databaseUrl,
    host,
    part: AUDITOR,
    applicationName: `holdfast-${host}-auditor`,
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  const watch = new Watch(deps, times);
  const isIdle = (): boolean => signal.aborted || !leadership.isLeading;
  const loops = [
    repeat(deps, everyMs, signal, async () => (isIdle() ? undefined : watch.look())),
    repeat(deps, sweepEveryMs, signal, async () =>
      isIdle() ? undefined : sweepWorkflows(deps, isIdle),
    ),
  ];
  return {
    get isLeading() {
      return leadership.isLeading;
    },
    close: async () => {
      stopping.abort();
      await Promise.all([leadership.close(), ...loops]);
      await watch.settled();
    },
  };
}

async function repeat(
  { onFault }: AuditorDeps,
  everyMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await work().catch(onFault);
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Pages go out side by side: a provider that hangs on one alert's holds up no other's. */
class Watch {
  readonly #deps: AuditorDeps;
  readonly #times: WatchTimes;
  readonly #inHand = new Map<string, Promise<void>>();

  constructor(deps: AuditorDeps, times: WatchTimes) {
    this.#deps = deps;
    this.#times = times;
  }

  async look(): Promise<void> {
    const { alerts, nowMs } = await findSuspects(this.#deps.knex, this.#times);
    for (const alert of alerts) {
      const because = neglectOf(alert, this.#times, nowMs);
      if (because !== null && !this.#inHand.has(alert.id)) this.#take(alert, because);
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#inHand.values());
  }

  #take(alert: WatchedRow, because: Neglect): void {
    const paging = pageFor(this.#deps, alert, because)
      .catch(this.#deps.onFault)
      .finally(() => this.#inHand.delete(alert.id));
    this.#inHand.set(alert.id, paging);
  }
}
