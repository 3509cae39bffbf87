import { claimRound, noteAudit, settleRound } from '../../db/crisis-watch.ts';
import type { WatchedRow } from '../../db/crisis-watch.ts';
import { readEscalationContext } from '../../db/on-call.ts';
import { openTask } from '../../db/tasks.ts';
import type { Neglect } from '../../domain/alert-watch.ts';
import { nextPage, pagingOthers } from '../../domain/escalation.ts';
import type { AuditorDeps } from './contract.ts';

/** A round that was begun and never ended, because its process died, is followed by the next after so long. */
const RETRY_MS = 8_000;
/** Pages that no provider took are followed by the next step's after so long. */
const FAILED_ROUND_MS = 2_000;
const HORIZON_MS = 60_000;

/**
 * Pages for an alert as its workflow would have: the first step first, then the next, and the last
 * one again and again for as long as nobody has acknowledged.
 */
export async function pageFor(
  deps: AuditorDeps,
  alert: WatchedRow,
  because: Neglect,
): Promise<void> {
  const { knex } = deps;
  const batch = await claimRound(knex, alert, RETRY_MS);
  if (batch === null) return;
  const { id: alertId, clinicId, personId, severity, isDrill } = alert;
  const nowMs = Date.now();
  const everybody = await readEscalationContext(knex, clinicId, nowMs, HORIZON_MS);
  const context = pagingOthers(everybody, personId);
  const decision = nextPage(context, { severity, tier: batch - 1, dueAtMs: nowMs }, nowMs);
  if (decision.kind !== 'page') return;
  const { tier, pages, skipped, isLastResort, nextDueAtMs } = decision;
  const course = { batch, tier, isLastResort };
  const sent = await deps.page({
    alertId,
    clinicId,
    personId,
    severity,
    isDrill,
    pages,
    skipped,
    ...course,
  });
  const nextInMs = sent === 0 && pages.length > 0 ? FAILED_ROUND_MS : nextDueAtMs - nowMs;
  await settleRound(knex, { alertId, rounds: batch, nextInMs });
  const data = { because, ...course, pages: pages.length, sent, skipped: skipped.length };
  await noteAudit(knex, { alertId, kind: 'auditor_paged', data });
  await askForHuman(deps, alert, because);
}

/** Somebody has to find out why: once for an alert, however often it is paged for. */
export async function askForHuman(
  { knex }: AuditorDeps,
  { id: alertId, clinicId, isDrill }: WatchedRow,
  because: Neglect,
): Promise<void> {
  const key = `alert-neglected:${alertId}`;
  const data = { alertId, because, isDrill };
  await openTask(knex, { clinicId, key, kind: 'alert_workflow_missing', data });
}
