import type { Knex } from 'knex';
import { type AlertCall, callOf, deliverRaise } from '../../../activities/crisis/starting.ts';
import type { RaisedAlert } from '../../../db/crisis-intake.ts';
import {
  escalateSupport,
  hasReachedAdmin,
  isCounselorOf,
} from '../../../db/support-escalations.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { lockSupport, tellOfChange } from '../../../db/support-transitions.ts';
import type { StandingSession } from '../../../db/support-transitions.ts';
import { broadcast } from '../../../db/broadcasts.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { isSupportOver } from '../../../domain/support-session.ts';
import type { WaitEstimate } from '../../../domain/support-queue.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforceSupport } from '../../access/support-access.ts';
import { humanSessionOf } from '../../companion/hand-over.ts';
import { safely } from '../../http/error-handler.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { neverUnheard, recordCry } from '../sessions/call-for-help.ts';
import type { Cry, Helped } from '../sessions/call-for-help.ts';
import { waitOf } from '../sessions/create.ts';
import { escalationRef } from '../sessions/escalation-texts.ts';
import { refetch } from '../sessions/shown.ts';
import { statusInB } from '../sessions/words.ts';
import { type EscalationWish, escalated, readEscalation } from './escalation-wish.ts';
import { presentEscalation } from './present.ts';

/**
 * `POST /api/urgent/escalate`: whatever it lacks, a human hears of it. Where nobody can tell whom it
 * is about, since no session is named or it can't be read, whoever asks is called back.
 */
export async function escalateSession(call: Call): Promise<Answer> {
  const wish = readEscalation(call.body);
  let cry = cryOf(call, wish, null);
  return neverUnheard(
    call,
    () => cry,
    async () => {
      const sessionId = await humanSessionOf(call, wish.sessionId);
      const session = await findSupportSession(call.deps.knex, sessionId);
      await enforceSupport(call, 'escalate', sessionId, session);
      cry = cryOf(call, wish, session!);
      return escalate(call, session!, wish, cry);
    },
  );
}

function cryOf(call: Call, wish: EscalationWish, session: SupportSession | null): Cry {
  const named = session === null && wish.sessionId !== '' ? `Session: ${wish.sessionId}` : null;
  return {
    severity: wish.alertSeverity,
    type: 'session_escalated',
    source: 'escalation',
    sessionId: session?.id ?? null,
    personId: session?.patientId ?? call.principal.personId,
    words: [wish.reason, wish.notes, named].filter((text) => text !== null).join('\n') || null,
  };
}

async function escalate(
  call: Call,
  session: SupportSession,
  wish: EscalationWish,
  cry: Cry,
): Promise<Helped> {
  const { deps } = call;
  const raised = await record(call, session, wish, cry);
  const [isTeamAlerted, now] = await Promise.all([
    informWorkflow(call, raised),
    refetch(call, session.id),
  ]);
  const [wait, isSupervisorNotified] = await Promise.all([
    waitOf(call, now),
    hasReachedAdmin(deps.knex, raised.alertId),
  ]);
  const answer = presentEscalation({
    id: call.newId,
    before: session,
    now,
    wish,
    isTeamAlerted,
    isSupervisorNotified,
    by: call.principal.personId,
    wait: now.status === 'waiting' ? wait : readyNow(wait),
    at: now.escalatedAt ?? new Date(),
  });
  return { answer, raised: null };
}

/** A counselor is in it already. */
function readyNow(wait: WaitEstimate): WaitEstimate {
  return { ...wait, seconds: 0, ahead: -1 };
}

const INFORM_TIMEOUT_MS = 2_000;

/** Whether the alert's workflow has taken the report: only then is the team told so. */
async function informWorkflow({ deps }: Call, raised: RaisedAlert): Promise<boolean> {
  try {
    const alert: AlertCall = callOf(raised);
    return await deliverRaise(deps.temporal, alert, INFORM_TIMEOUT_MS);
  } catch (error) {
    const { alertId } = raised;
    deps.log.warn({ alertId, error: safely(error) }, 'an alert starts through the outbox');
    return false;
  }
}

async function record(
  call: Call,
  session: SupportSession,
  wish: EscalationWish,
  cry: Cry,
): Promise<RaisedAlert> {
  const { deps, principal, requestId } = call;
  const { id: sessionId, patientId } = session;
  const counselorId = await requestedCounselor(call, wish);
  const context = auditContext(principal, requestId);
  return inTransaction(deps.knex, context, async (trx, audit) => {
    const standing = await lockSupport(trx, sessionId);
    if (standing === null || isSupportOver(standing.status)) {
      throw new HoldfastError('wrong_state', 'The session is over; the crisis team was told');
    }
    const raised = (await recordCry(call, trx, audit, cry))!;
    const to = escalated(session, wish);
    await escalateSupport(trx, {
      id: call.newId,
      sessionId,
      escalatedBy: principal.personId,
      cause: 'asked',
      from: session,
      to,
      offeredTo: to.helperType,
      requestedCounselorId: counselorId,
      alertId: raised.alertId,
      details: await sealWords(call, trx, sessionId, wish),
      staysActive: hasFitHelper(standing, counselorId),
    });
    const whose = { objectType: 'support_session', objectId: sessionId, subjectId: patientId };
    audit({ action: 'support_session.escalate', ...whose, changes: { severity: to.severity } });
    await tellOfEscalation(call, trx, session, counselorId);
    return raised;
  });
}

function sealWords(
  { deps, newId }: Call,
  trx: Knex.Transaction,
  sessionId: string,
  { reason, notes }: EscalationWish,
): Promise<Buffer> {
  const words = JSON.stringify({ reason, notes });
  return deps.cipher.sealField(trx, escalationRef(sessionId, newId), words);
}

async function tellOfEscalation(
  { newId, principal }: Call,
  trx: Knex.Transaction,
  session: SupportSession,
  counselorId: string | null,
): Promise<void> {
  const { id: sessionId, clinicId } = session;
  const by = principal.personId;
  await tellOfChange(trx, { sessionId, clinicId, from: statusInB(session), to: 'escalated', by });
  const ids = { sessionId, escalationId: newId };
  await broadcast(trx, { room: `session:${sessionId}`, event: 'support-session-escalated', ids });
  if (counselorId === null) return;
  await broadcast(trx, { room: `person:${counselorId}`, event: 'support-session-requested', ids });
}

/** A counselor who isn't one of this clinic's is not asked for; nothing else depends on it. */
async function requestedCounselor(call: Call, wish: EscalationWish): Promise<string | null> {
  const { requestedCounselorId: id } = wish;
  const { deps, principal } = call;
  const isKnown = id !== null && (await isCounselorOf(deps.knex, principal.clinicId, id));
  return isKnown ? id : null;
}

/** Whether whoever helps already is a counselor, and the one that was asked for if any. */
function hasFitHelper(
  { helperId, helperRole, status }: StandingSession,
  counselorId: string | null,
): boolean {
  if (status !== 'active' || helperId === null) return false;
  if (counselorId !== null && counselorId !== helperId) return false;
  return helperRole === 'counselor' || helperRole === 'admin';
}
