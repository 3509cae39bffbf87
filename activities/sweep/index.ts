import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type SessionRow, findSession, stateOf } from '../../db/sessions.ts';
import { recordTransition } from '../../db/session-transitions.ts';
import { lostSessions, releaseLapsedClaims, unstartedSessions } from '../../db/sweeping.ts';
import { inTransaction } from '../../db/transaction.ts';
import { workflowId } from '../../domain/ids.ts';
import { type SessionState, decide, nextDeadline } from '../../domain/session.ts';
import { startSession } from '../session/starting.ts';
import type { SweepActivities, SweepReport } from './contract.ts';

export interface SweepDeps {
  readonly knex: Knex;
  readonly temporal: Client;
}

/** Mends what a crash leaves between PostgreSQL and Temporal, which share no transaction. */
export function createSweepActivities(deps: SweepDeps): SweepActivities {
  return { sweep: () => sweep(deps) };
}

async function sweep(deps: SweepDeps): Promise<SweepReport> {
  const { started, released } = await takeUpUnstarted(deps);
  const revived = await reviveLost(deps);
  const claimsReleased = await releaseLapsedClaims(deps.knex);
  return { started, released, claimsReleased, revived };
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
  await inTransaction(knex, { actor: SYSTEM_ACTOR, requestId: null }, async (trx, audit) => {
    const current = await trx('sessions').where({ id: session.id }).forUpdate().first();
    if (current.workflow_started_at !== null || current.version !== session.version) return;
    await recordTransition(trx, {
      sessionId: session.id,
      version: session.version + 1,
      state,
      claims: { kind: 'release' },
      event: 'expired',
      actorId: null,
      data: { by: 'system' },
    });
    audit({
      action: 'session.expired',
      objectType: 'session',
      objectId: session.id,
      clinicId: session.clinic_id,
      subjectId: session.client_id,
    });
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
async function reviveLost(deps: SweepDeps): Promise<number> {
  let revived = 0;
  for (const id of await lostSessions(deps.knex)) {
    if (await isLookedAfter(deps.temporal, id)) continue;
    const session = await findSession(deps.knex, id);
    if (session === null) continue;
    await startSession(deps.temporal, session);
    revived += 1;
  }
  return revived;
}

async function isLookedAfter(temporal: Client, sessionId: string): Promise<boolean> {
  try {
    const handle = temporal.workflow.getHandle(workflowId('session', sessionId));
    const { status } = await handle.describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
