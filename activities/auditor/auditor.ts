import { setTimeout as sleep } from 'node:timers/promises';
import { findSuspects } from '../../db/crisis-watch.ts';
import type { WatchedRow } from '../../db/crisis-watch.ts';
import { seekLeadership } from '../../db/leadership.ts';
import { WATCH_TIMES, neglectOf } from '../../domain/alert-watch.ts';
import type { Neglect, WatchTimes } from '../../domain/alert-watch.ts';
import type { AuditorDeps } from './contract.ts';
import { endDueDrills } from './drills.ts';
import { reopenOnRecord } from './on-record.ts';
import { pageFor } from './paging.ts';
import { askForReadiness } from './readiness-tasks.ts';
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
  /** Pause before the first look at the clinics' readiness, and between two, ms. */
  readonly readinessEveryMs?: number;
}

export interface Auditor {
  readonly isLeading: boolean;
  /** Stops after the pages at hand; may be called again. */
  close(): Promise<void>;
}

export const AUDITOR = 'auditor';
const EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 5_000;
const DRILLS_EVERY_MS = 2_000;
const READINESS_EVERY_MS = 3_600_000;

/**
 * Watches over open alerts from outside their workflows, and pages by itself where nobody does.
 * Each process of the crisis lane and of the API has one; one of them leads, and another follows
 * it when its process dies: the API's, so that alerts are paged for with every crisis worker dead,
 * and the worker's, so that they are with every API dead.
 */
export function startAuditor(deps: AuditorDeps, options: AuditorOptions): Auditor {
  const { databaseUrl, host, times = WATCH_TIMES } = options;
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
  const again = (everyMs: number, work: () => Promise<void>, firstMs = 0): Promise<void> =>
    repeat({ everyMs, firstMs, signal }, () =>
      isIdle() ? Promise.resolve() : work().catch(deps.onFault),
    );
  const readinessMs = options.readinessEveryMs ?? READINESS_EVERY_MS;
  const loops = [
    again(options.everyMs ?? EVERY_MS, () => watch.look()),
    again(options.sweepEveryMs ?? SWEEP_EVERY_MS, () => sweepWorkflows(deps, isIdle)),
    again(DRILLS_EVERY_MS, () => endDueDrills(deps)),
    again(readinessMs, () => askForReadiness(deps.knex, Date.now()), Math.min(readinessMs, 60_000)),
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

interface Pace {
  readonly firstMs: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

async function repeat(
  { firstMs, everyMs, signal }: Pace,
  work: () => Promise<void>,
): Promise<void> {
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal }).catch(() => undefined);
  if (firstMs > 0) await pause(firstMs);
  while (!signal.aborted) {
    await work();
    await pause(everyMs);
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

  /** A lease that is over is over on the record, too: whoever is paged must be able to take it. */
  async #page(alert: WatchedRow, because: Neglect): Promise<void> {
    const isLapsed = because === 'lease_over';
    if (isLapsed) await reopenOnRecord(this.#deps.knex, alert);
    await pageFor(this.#deps, isLapsed ? { ...alert, status: 'paging' } : alert, because);
  }

  #take(alert: WatchedRow, because: Neglect): void {
    const paging = this.#page(alert, because)
      .catch(this.#deps.onFault)
      .finally(() => this.#inHand.delete(alert.id));
    this.#inHand.set(alert.id, paging);
  }
}
