import type { AlertState } from './alert-events.ts';
import type { AlertSeverity } from './escalation-policy.ts';

/** What is on record about an open alert, as far as it tells whether somebody is paged for it. */
export interface WatchedAlert {
  readonly status: 'paging' | 'held';
  readonly severity: AlertSeverity;
  readonly createdAtMs: number;
  /** The last that went out, whether or not anybody was there to hear it; null for none. */
  readonly lastPageAtMs: number | null;
  /** As the alert's workflow last wrote it; null before it ever did. */
  readonly state: AlertState | null;
  /** What the auditor itself did last; null when it did nothing yet. */
  readonly audit: {
    readonly rounds: number;
    readonly pagedAtMs: number;
    readonly nextDueAtMs: number;
  } | null;
}

export interface WatchTimes {
  /** The first page of an alert has to be out after so long. */
  readonly firstPageMs: number;
  /** A later page may be so late. */
  readonly slackMs: number;
  /** So long after a lease has ended, its alert has to be paged for again. */
  readonly leaseSlackMs: number;
}

export const WATCH_TIMES: WatchTimes = {
  firstPageMs: 10_000,
  slackMs: 10_000,
  leaseSlackMs: 15_000,
};

/** Why nobody is paged for an alert though somebody should be. */
export type Neglect = 'never_paged' | 'page_late' | 'lease_over' | 'workflow_missing';

/** Null while all is well. */
export function neglectOf(alert: WatchedAlert, times: WatchTimes, nowMs: number): Neglect | null {
  const { audit, lastPageAtMs, state } = alert;
  const pagedByOthersMs = Math.max(lastPageAtMs ?? 0, state?.lastPagedAtMs ?? 0);
  const isInOurHands = audit !== null && audit.pagedAtMs >= pagedByOthersMs;
  if (isInOurHands && nowMs < audit.nextDueAtMs) return null;
  if (alert.status === 'held') {
    const leaseUntilMs = state?.kind === 'held' ? state.leaseUntilMs : alert.createdAtMs;
    return nowMs >= leaseUntilMs + times.leaseSlackMs ? 'lease_over' : null;
  }
  if (lastPageAtMs === null) {
    return nowMs >= alert.createdAtMs + times.firstPageMs ? 'never_paged' : null;
  }
  if (isInOurHands) return 'page_late';
  const dueAtMs = state?.kind === 'paging' ? state.dueAtMs : 0;
  return nowMs >= Math.max(dueAtMs, pagedByOthersMs) + times.slackMs ? 'page_late' : null;
}
