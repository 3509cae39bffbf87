import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type SessionRow, findSession, stateOf } from '../../db/sessions.ts';
import { recordSimply } from '../../db/session-transitions.ts';
import { neglectedImports } from '../../db/external-busy.ts';
import {
  lostOffers,
  lostSessions,
  releaseLapsedClaims,
  unstartedSessions,
} from '../../db/sweeping.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { parseWorkflowId } from '../../domain/ids.ts';
import { type SessionState, decide, isEnded, nextDeadline } from '../../domain/session.ts';
import { ENROLMENT_WORKFLOW } from '../../workflows/messages/enrolment.ts';
import { SESSION_WORKFLOW } from '../../workflows/messages/session.ts';
import { startCalendarImport } from '../calendars/starting.ts';
import { sweepSeats } from '../groups/sweeping.ts';
import { SUPPORT_SESSION_WORKFLOW } from '../../workflows/messages/support-session.ts';
import { stirSupport } from '../support/starting.ts';
import { startAbsence, startOffering } from '../offers/starting.ts';
import { startAgain } from '../session/reviving.ts';
import { isRunning, startSession } from '../session/starting.ts';
import type { SweepActivities, SweepReport } from './contract.ts';
import { squareEnded } from './ended-lives.ts';
import { type DangerFault, sweepScreening } from './screening.ts';

/** How far back a sweep looks for workflows that did not end by themselves. */
const FORCED_ENDS_SINCE_MS = 24 * 3_600_000;

export interface SweepDeps {
  readonly knex: Knex;
  readonly temporal: Client;
  readonly onDangerFault?: (fault: DangerFault) => void;
}

/** Mends what a crash leaves between PostgreSQL and Temporal, which share no transaction. */
export function createSweepActivities(deps: SweepDeps): SweepActivities {
  return { sweep: () => sweep(deps) };
}

async function sweep(deps: SweepDeps): Promise<SweepReport> {
  // Needs nothing but the database, and people may wait for it: first, whatever else fails.
  const { dangersLeft, ...screening } = await sweepScreening(deps.knex, deps.onDangerFault);
  const { started, released } = await takeUpUnstarted(deps);
  const abandoned = await abandonedLives(deps.temporal);
  const revived = await reviveLost(deps, abandoned.session);
  const seats = await sweepSeats(deps, abandoned.enrolment);
  const squared = await squareEnded(deps, abandoned);
  await reviveSupport(deps, abandoned.support);
  await reviveOffers(deps);
  const claimsReleased = await releaseLapsedClaims(deps.knex);
  const importsStarted = await takeUpImports(deps);
  if (dangersLeft > 0) throw nobodyCalled(dangersLeft);
  return {
    started: started + seats.started,
    released,
    claimsReleased,
    revived: revived + seats.revived,
    squared,
    importsStarted,
    ...screening,
  };
}

/** Once all others are looked after: the run failed, and is tried again. */
function nobodyCalled(responses: number): HoldfastError {
  const message = `For ${responses} unfinished questionnaires nobody could be called`;
  return new HoldfastError('dependency_unavailable', message);
}

/** An import that is this late has no workflow. */
const NEGLECTED_AFTER_SECONDS = 300;

/** A crash has kept them from their workflow, or somebody has ended it. */
async function takeUpImports({ knex, temporal }: SweepDeps): Promise<number> {
  const ids = await neglectedImports(knex, NEGLECTED_AFTER_SECONDS);
  for (const id of ids) await startCalendarImport(temporal, id);
  return ids.length;
}

/** Offers whose workflow somebody terminated: it is started again, a running one stays as it is. */
async function reviveOffers({ knex, temporal }: SweepDeps): Promise<void> {
  const { vacancyIds, absenceOfferIds } = await lostOffers(knex);
  for (const vacancyId of vacancyIds) await startOffering(temporal, { vacancyId });
  for (const offerId of absenceOfferIds) await startAbsence(temporal, { offerId });
}

async function takeUpUnstarted(deps: SweepDeps): Promise<{ started: number; released: number }> {
  let released = 0;
  const sessions = await unstartedSessions(deps.knex);
  for (const session of sessions) {
    if (isLapsed(session) && (await release(deps.knex, session))) released += 1;
    else await startSession(deps.temporal, session);
  }
  return { started: sessions.length - released, released };
}

/** Nobody heard of this booking, and its time is up: it ends without ever having had a workflow. */
function isLapsed(session: SessionRow): boolean {
  const deadline = nextDeadline(stateOf(session));
  const dueAt = deadline?.dueAt ?? session.starts_at.getTime();
  return dueAt <= Date.now();
}

async function release(knex: Knex, session: SessionRow): Promise<boolean> {
  const state = lapsed(stateOf(session));
  if (state === null) return false;
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  await inTransaction(knex, context, async (trx) => {
    const current = await trx('sessions').where({ id: session.id }).forUpdate().first();
    if (current.workflow_started_at !== null || current.version !== session.version) return;
    const step = {
      sessionId: session.id,
      version: session.version + 1,
      state,
      claims: { kind: 'release' },
      event: 'expired',
      actorId: null,
      data: { by: 'system' },
    } as const;
    await recordSimply(trx, step, context);
  });
  return true;
}

function lapsed(state: SessionState): SessionState | null {
  const deadline = nextDeadline(state)?.deadline;
  if (deadline === undefined) return null;
  const decision = decide(state, { type: 'deadline_passed', deadline }, Date.now());
  return decision.kind === 'moved' ? decision.state : null;
}

/** A workflow that somebody terminated left its session alone: it gets another. */
async function reviveLost(deps: SweepDeps, abandoned: readonly string[]): Promise<number> {
  let revived = 0;
  const ids = [...(await lostSessions(deps.knex)), ...abandoned];
  for (const id of new Set(ids)) {
    const session = await findSession(deps.knex, id);
    if (session === null || isEnded(session.status)) continue;
    if (await isRunning(deps.temporal, id)) continue;
    await startAgain(deps, session);
    revived += 1;
  }
  return revived;
}

/** A live session's workflow that somebody terminated: another one looks at the record. */
async function reviveSupport({ temporal }: SweepDeps, ids: readonly string[]): Promise<void> {
  for (const id of new Set(ids)) {
    if (!(await isRunning(temporal, id, 'support'))) await stirSupport(temporal, id);
  }
}

type Looked = 'session' | 'enrolment' | 'support';

/** Sessions and seats whose workflow was ended by force: their reminders must not wait for the next deadline. */
async function abandonedLives(
  temporal: Client,
): Promise<Readonly<Record<Looked, readonly string[]>>> {
  const since = new Date(Date.now() - FORCED_ENDS_SINCE_MS).toISOString();
  const query = `WorkflowType IN ('${SESSION_WORKFLOW}', '${ENROLMENT_WORKFLOW}',
      '${SUPPORT_SESSION_WORKFLOW}') AND CloseTime > '${since}'
    AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut')`;
  const ids: Record<Looked, string[]> = { session: [], enrolment: [], support: [] };
  for await (const execution of temporal.workflow.list({ query })) {
    const identity = parseWorkflowId(execution.workflowId);
    const kind = identity?.kind;
    if (kind === 'session' || kind === 'enrolment' || kind === 'support') {
      ids[kind].push(identity!.id);
    }
  }
  return ids;
}
