import { claimRound, noteAudit, settleRound } from '../../db/crisis-watch.ts';
import type { WatchedRow } from '../../db/crisis-watch.ts';
import { readEscalationContext } from '../../db/on-call.ts';
import { openTask } from '../../db/tasks.ts';
import type { Neglect } from '../../domain/alert-watch.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { nextPage, pagingOthers, shortestWaitMs } from '../../domain/escalation.ts';
import type { EscalationContext, PageDecision } from '../../domain/escalation.ts';
import type { AuditorDeps } from './contract.ts';

/** A round that was begun and never ended, because its process died, is followed by the next after so long. */
const RETRY_MS = 8_000;
/** Pages that no provider took are followed by the next step's after so long. */
const FAILED_ROUND_MS = 2_000;
const HORIZON_MS = 60_000;

/** What is due now is never waited for. */
type PagesDue = Extract<PageDecision, { kind: 'page' }>;

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
  const { id: alertId, clinicId, personId, severity } = alert;
  const nowMs = Date.now();
  const everybody = await readEscalationContext(knex, clinicId, nowMs, HORIZON_MS);
  const context = pagingOthers(everybody, personId);
  const { decision, sent } = await sendRound(deps, alert, { context, batch, nowMs });
  const { tier, pages, skipped, isLastResort } = decision;
  const nextInMs =
    sent === 0 ? soonAgainMs(context, severity, decision) : decision.nextDueAtMs - nowMs;
  await settleRound(knex, { alertId, rounds: batch, nextInMs });
  const course = { batch, tier, isLastResort };
  const data = { because, ...course, pages: pages.length, sent, skipped: skipped.length };
  await noteAudit(knex, { alertId, kind: 'auditor_paged', data });
  await askForHuman(deps, alert, because);
}

interface Round {
  readonly context: EscalationContext;
  readonly batch: number;
  readonly nowMs: number;
}

interface SentRound {
  readonly decision: PagesDue;
  /** How many of its pages some provider has taken. */
  readonly sent: number;
}

/** Where nobody of the last step can be had, everybody else is paged in the same round. */
async function sendRound(deps: AuditorDeps, alert: WatchedRow, round: Round): Promise<SentRound> {
  const { context, batch, nowMs } = round;
  const { id: alertId, clinicId, personId, severity, isDrill } = alert;
  const send = async (isRefused: boolean): Promise<SentRound> => {
    const position = { severity, tier: batch - 1, dueAtMs: nowMs, isRefused };
    const decision = nextPage(context, position, nowMs) as PagesDue;
    const { tier, pages, skipped, isLastResort } = decision;
    const course = { batch, tier, pages, skipped, isLastResort };
    const sent = await deps.page({ alertId, clinicId, personId, severity, isDrill, ...course });
    return { decision, sent };
  };
  const first = await send(false);
  const { isLastResort, tier, nextTier } = first.decision;
  return first.sent > 0 || isLastResort || tier !== nextTier ? first : send(true);
}

/** There is somebody else up to the last step; from there on, the same people are tried again. */
function soonAgainMs(
  { policies }: EscalationContext,
  severity: AlertSeverity,
  { tier, nextTier }: PagesDue,
): number {
  return tier === nextTier ? shortestWaitMs(policies[severity], tier) : FAILED_ROUND_MS;
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
