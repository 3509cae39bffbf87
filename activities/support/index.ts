import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type LockedSession, lockForTimers } from '../../db/support-timers.ts';
import { type RecordAudit, inTransaction } from '../../db/transaction.ts';
import { SUPPORT_TIMERS, type SupportStep, supportDue } from '../../domain/support-timers.ts';
import type { LookInput, SupportActivities, SupportLook } from './contract.ts';
import { STEPS } from './steps.ts';

export interface SupportDeps {
  readonly knex: Knex;
}

/** Everything that a live session's workflow asks of the world outside. */
export function createSupportActivities(deps: SupportDeps): SupportActivities {
  return { lookAfterSupport: (input) => look(deps, input) };
}

/** One step may make another one due, which is done at once; more than these can't be. */
const MOST_STEPS = 5;

async function look({ knex }: SupportDeps, { sessionId, nowMs }: LookInput): Promise<SupportLook> {
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    const seen = await lookOnce(knex, sessionId, nowMs);
    if (seen !== 'stepped') return seen;
  }
  return { kind: 'open', status: 'active', atMs: nowMs, step: null };
}

async function lookOnce(
  knex: Knex,
  sessionId: string,
  nowMs: number,
): Promise<SupportLook | 'stepped'> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const session = await lockForTimers(trx, sessionId, nowMs);
    if (session === null) return { kind: 'over', status: 'gone' };
    const { status } = session;
    if (status === 'closed' || status === 'cancelled') return { kind: 'over', status };
    const due = supportDue(session, SUPPORT_TIMERS[session.severity], nowMs);
    if (due.kind === 'over') return { kind: 'over', status: 'gone' };
    if (due.kind === 'later') return { kind: 'open', status, atMs: due.atMs, step: due.step };
    await STEPS[due.step](trx, session, nowMs);
    record(audit, session, due.step);
    return 'stepped';
  });
}

function record(audit: RecordAudit, session: LockedSession, step: SupportStep): void {
  const { id, patientId, clinicId } = session;
  const whose = { objectType: 'support_session', objectId: id, subjectId: patientId, clinicId };
  audit({ action: `support_session.${step}`, ...whose });
}
