import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { broadcast, broadcastAll } from '../../db/broadcasts.ts';
import { type TriggerSource, recordTrigger } from '../../db/crisis-intake.ts';
import { escalateSupport } from '../../db/support-escalations.ts';
import { type LockedSession, noteIdleQuestion, returnToQueue } from '../../db/support-timers.ts';
import { type EndReason, endSupport, tellOfChange } from '../../db/support-transitions.ts';
import { severityRank } from '../../domain/escalation-policy.ts';
import type { SupportStep } from '../../domain/support-timers.ts';

type Step = (trx: Knex.Transaction, session: LockedSession, nowMs: number) => Promise<void>;

/** What each step of a session's timers does, in the transaction that holds its row. */
export const STEPS: Readonly<Record<SupportStep, Step>> = {
  widen,
  ask_idle: askIdle,
  close_idle: closeIdle,
  cancel_gone: (trx, session) => end(trx, session, 'cancelled', 'patient_gone'),
  return_to_queue: returnPatient,
};

/** Nobody has accepted in time: counselors are asked, too, and for who is in danger the crisis team. */
async function widen(trx: Knex.Transaction, session: LockedSession): Promise<void> {
  const { id, clinicId, severity, helperType, type } = session;
  const alertId = await alarm(trx, session, 'unanswered_request', 'escalation');
  const escalationId = newId();
  await escalateSupport(trx, {
    id: escalationId,
    sessionId: id,
    escalatedBy: null,
    cause: 'unanswered',
    from: session,
    // Whoever could take it so far still can.
    to: { severity, helperType, type },
    offeredTo: 'counselor',
    requestedCounselorId: null,
    alertId,
    details: null,
    staysActive: false,
  });
  await tellOfChange(trx, { sessionId: id, clinicId, from: 'waiting', to: 'escalated', by: null });
  await broadcast(trx, {
    room: `session:${id}`,
    event: 'support-session-escalated',
    ids: { sessionId: id, escalationId },
  });
  await tellPatient(trx, session, 'still_waiting');
  const ids = { sessionId: id, severity };
  await broadcast(trx, { room: `crisis:${clinicId}`, event: 'support-session-unanswered', ids });
}

async function askIdle(
  trx: Knex.Transaction,
  session: LockedSession,
  nowMs: number,
): Promise<void> {
  await noteIdleQuestion(trx, session.id, nowMs);
  const people = [session.patientId, session.helperId].filter((id) => id !== null);
  const ids = { sessionId: session.id, notice: 'are_you_there' };
  await broadcastAll(
    trx,
    people.map((id) => ({ room: `person:${id}` as const, event: 'support-session-notice', ids })),
  );
}

/** Who was in danger and falls silent is somebody to look for. */
async function closeIdle(trx: Knex.Transaction, session: LockedSession): Promise<void> {
  await alarm(trx, session, 'lost_contact', 'lost_contact');
  await end(trx, session, 'closed', 'idle');
}

async function end(
  trx: Knex.Transaction,
  session: LockedSession,
  to: 'closed' | 'cancelled',
  reason: EndReason,
): Promise<void> {
  const { id, clinicId } = session;
  await endSupport(trx, id, to, reason);
  await tellOfChange(trx, { sessionId: id, clinicId, from: wordOf(session), to, by: null });
}

/** The helper has gone: the patient waits again, before others, and is told so. */
async function returnPatient(
  trx: Knex.Transaction,
  session: LockedSession,
  nowMs: number,
): Promise<void> {
  const { id, clinicId } = session;
  await returnToQueue(trx, id, nowMs);
  const change = { sessionId: id, clinicId, from: wordOf(session), to: 'waiting', by: null };
  await tellOfChange(trx, change);
  await tellPatient(trx, session, 'helper_gone');
}

function wordOf({ status, isEscalated }: LockedSession): string {
  return isEscalated ? 'escalated' : status;
}

async function tellPatient(
  trx: Knex.Transaction,
  { id, patientId }: LockedSession,
  notice: 'still_waiting' | 'helper_gone',
): Promise<void> {
  const ids = { sessionId: id, notice };
  await broadcast(trx, { room: `person:${patientId}`, event: 'support-session-notice', ids });
}

/** An alert for whoever is in high or critical need; its workflow starts through the outbox. */
async function alarm(
  trx: Knex.Transaction,
  { id, clinicId, patientId, severity }: LockedSession,
  type: string,
  source: TriggerSource,
): Promise<string | null> {
  if (severityRank(severity) < severityRank('high')) return null;
  const { alertId } = await recordTrigger(trx, {
    clinicId,
    personId: patientId,
    severity,
    type,
    source,
    sessionId: id,
    messageId: null,
    reportedBy: null,
    details: null,
  });
  return alertId;
}
