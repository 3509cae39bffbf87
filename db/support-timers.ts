import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import type { TimedSession } from '../domain/support-timers.ts';
import type { SupportHelperType, SupportType } from '../domain/support-session.ts';

/** A session as its timers look at it, its row locked until the transaction ends. */
export interface LockedSession extends TimedSession {
  readonly id: string;
  readonly clinicId: string;
  readonly patientId: string;
  readonly helperId: string | null;
  readonly type: SupportType;
  readonly helperType: SupportHelperType;
  readonly severity: AlertSeverity;
  readonly isEscalated: boolean;
}

const MS = (instant: string): string => `(extract(epoch FROM ${instant}) * 1000)::float8`;

/** The last sign of somebody in the session: now for whoever is connected. */
function seen(personId: string): string {
  return `CASE WHEN EXISTS (
      SELECT FROM presence_leases AS lease JOIN presence_processes AS process
        ON process.id = lease.process_id AND process.lease_until > now()
      WHERE lease.person_id = ${personId})
    THEN :nowMs::float8
    ELSE (SELECT ${MS('greatest(member.last_seen_at, message.created_at, presence.absent_since)')}
      FROM support_participants AS member
      LEFT JOIN LATERAL (
        SELECT created_at FROM chat_messages
        WHERE session_id = member.session_id AND sender_id = member.person_id
        ORDER BY number DESC LIMIT 1) AS message ON true
      LEFT JOIN presence ON presence.person_id = member.person_id
      WHERE member.session_id = session.id AND member.person_id = ${personId}) END`;
}

/** Locks a session for its timers at `nowMs`; null for none. */
export async function lockForTimers(
  trx: Knex.Transaction,
  sessionId: string,
  nowMs: number,
): Promise<LockedSession | null> {
  await trx.raw('SELECT FROM support_sessions WHERE id = ? FOR NO KEY UPDATE', [sessionId]);
  const { rows } = await trx.raw<{ rows: LockedSession[] }>(
    `SELECT session.id, session.clinic_id AS "clinicId", session.patient_id AS "patientId",
       session.helper_id AS "helperId", session.type, session.helper_type AS "helperType",
       session.severity, session.status, session.is_escalated AS "isEscalated",
       session.is_chat_room AS "isChatRoom",
       ${MS('session.waiting_since')} AS "waitingSinceMs",
       EXISTS (SELECT FROM support_escalations AS step
         WHERE step.session_id = session.id AND step.cause = 'unanswered'
           AND step.created_at >= session.waiting_since) AS "isWidened",
       EXISTS (SELECT FROM crisis_alerts AS alert
         WHERE alert.person_id = session.patient_id AND alert.status <> 'resolved'
           AND NOT alert.is_drill) AS "isWatched",
       ${MS('session.last_activity_at')} AS "lastActivityMs",
       CASE WHEN session.idle_asked_at > session.last_activity_at
         THEN ${MS('session.idle_asked_at')} END AS "idleAskedMs",
       coalesce(${seen('session.patient_id')}, ${MS('session.created_at')}) AS "patientSeenMs",
       ${seen('session.helper_id')} AS "helperSeenMs"
     FROM support_sessions AS session WHERE session.id = :sessionId`,
    { sessionId, nowMs },
  );
  return rows[0] ?? null;
}

export async function noteIdleQuestion(
  trx: Knex.Transaction,
  sessionId: string,
  nowMs: number,
): Promise<void> {
  await trx.raw(
    'UPDATE support_sessions SET idle_asked_at = to_timestamp(? / 1000.0) WHERE id = ?',
    [nowMs, sessionId],
  );
}

/** The helper has gone: the patient waits again, before others of the same severity. */
export async function returnToQueue(
  trx: Knex.Transaction,
  sessionId: string,
  nowMs: number,
): Promise<void> {
  await trx.raw(
    `UPDATE support_participants SET left_at = now()
     WHERE session_id = ? AND role = 'helper' AND left_at IS NULL`,
    [sessionId],
  );
  await trx.raw(
    `UPDATE support_sessions
     SET status = 'waiting', helper_id = NULL, is_returned = true, idle_asked_at = NULL,
       waiting_since = to_timestamp(:nowMs / 1000.0), updated_at = now(), version = version + 1
     WHERE id = :sessionId AND status = 'active'`,
    { sessionId, nowMs },
  );
}
