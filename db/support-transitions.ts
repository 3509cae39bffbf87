import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import type { SupportHelperType, SupportState, SupportType } from '../domain/support-session.ts';
import { broadcast } from './broadcasts.ts';
import type { PersonRole } from './people.ts';
import { insertOutboxRow } from './outbox.ts';

export interface NewSupportSession {
  readonly id: string;
  readonly clinicId: string;
  readonly patientId: string;
  readonly type: SupportType;
  readonly helperType: SupportHelperType;
  readonly severity: AlertSeverity;
  readonly isAnonymous: boolean;
  readonly details: Buffer | null;
}

/** A status that others have to hear of. */
export interface SupportChange {
  readonly sessionId: string;
  readonly clinicId: string;
  readonly from: string;
  readonly to: string;
  /** Null for the session's own timers. */
  readonly by: string | null;
}

/** Both sides' sockets hear of the change with the commit, and so does the session's workflow. */
export async function tellOfChange(trx: Knex.Transaction, change: SupportChange): Promise<void> {
  const { clinicId, ...ids } = change;
  const { sessionId } = change;
  await broadcast(trx, { room: `session:${sessionId}`, event: 'support-session-changed', ids });
  await tellWorkflow(trx, sessionId, clinicId);
}

/** Whatever moves a session's timers: its workflow starts, or looks at the record again. */
export async function tellWorkflow(
  trx: Knex.Transaction,
  sessionId: string,
  clinicId: string,
): Promise<void> {
  await insertOutboxRow(trx, { topic: 'support.changed', clinicId, payload: { sessionId } });
}

/** So many requests of one person may wait at once. */
const MOST_WAITING = 20;

/**
 * Puts a request into the queue; the same id again changes nothing. False where the person has as
 * many waiting as one may have.
 */
export async function insertSupportSession(
  trx: Knex.Transaction,
  session: NewSupportSession,
): Promise<boolean> {
  await trx.raw('SELECT FROM people WHERE id = ? FOR NO KEY UPDATE', [session.patientId]);
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO support_sessions
       (id, clinic_id, patient_id, type, helper_type, severity, status, is_anonymous, details)
     SELECT :id, :clinicId, :patientId, :type, :helperType, :severity, 'waiting', :isAnonymous, :details
     WHERE (SELECT count(*) FROM support_sessions
       WHERE patient_id = :patientId AND status = 'waiting' AND id <> :id) < :most
     ON CONFLICT (id) DO NOTHING`,
    { ...session, most: MOST_WAITING },
  );
  if (rowCount === 0) return isThere(trx, session.id);
  await trx.raw(
    `INSERT INTO support_participants (session_id, person_id, role) VALUES (?, ?, 'patient')`,
    [session.id, session.patientId],
  );
  await tellWorkflow(trx, session.id, session.clinicId);
  return true;
}

async function isThere(trx: Knex, id: string): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: unknown[] }>('SELECT FROM support_sessions WHERE id = ?', [
    id,
  ]);
  return rows.length > 0;
}

/** What became of an attempt to accept: one of many racing helpers wins. */
export type Acceptance = 'accepted' | 'has_helper' | 'not_waiting' | 'not_theirs';

/**
 * Gives a waiting session to a helper, if it still waits when the row is reached. `mayTakeAny` is
 * for counselors; a peer is also refused what was made critical or a counselor's meanwhile.
 */
export async function acceptSession(
  trx: Knex.Transaction,
  sessionId: string,
  helper: { readonly personId: string; readonly mayTakeAny: boolean },
): Promise<Acceptance> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `UPDATE support_sessions
     SET status = 'active', helper_id = :personId, accepted_at = coalesce(accepted_at, now()),
       last_activity_at = now(), updated_at = now(), is_escalated = false, is_returned = false,
       idle_asked_at = NULL, version = version + 1
     WHERE id = :sessionId AND status = 'waiting' AND patient_id <> :personId
       AND (:mayTakeAny OR (helper_type <> 'counselor' AND type = 'peer_support'
         AND severity <> 'critical'))`,
    { sessionId, ...helper },
  );
  if (rowCount === 0) return whyNot(trx, sessionId);
  await trx.raw(
    `INSERT INTO support_participants (session_id, person_id, role) VALUES (?, ?, 'helper')
     ON CONFLICT (session_id, person_id)
     DO UPDATE SET role = 'helper', left_at = NULL, last_seen_at = now()`,
    [sessionId, helper.personId],
  );
  await trx.raw(
    'UPDATE support_escalations SET accepted_at = now() WHERE session_id = ? AND accepted_at IS NULL',
    [sessionId],
  );
  return 'accepted';
}

async function whyNot(trx: Knex, sessionId: string): Promise<Acceptance> {
  const { rows } = await trx.raw<{ rows: { status: SupportState; has_helper: boolean }[] }>(
    'SELECT status, helper_id IS NOT NULL AS has_helper FROM support_sessions WHERE id = ?',
    [sessionId],
  );
  const [session] = rows;
  if (session?.status === 'active' && session.has_helper) return 'has_helper';
  return session?.status === 'waiting' ? 'not_theirs' : 'not_waiting';
}

/** Notes that a helper can't take a waiting session; null when it doesn't wait. Once for each helper. */
export async function declineSession(
  trx: Knex.Transaction,
  decline: {
    readonly sessionId: string;
    readonly personId: string;
    readonly reason: Buffer | null;
  },
): Promise<number | null> {
  const { rows } = await trx.raw<{ rows: { status: SupportState; declines_count: number }[] }>(
    'SELECT status, declines_count FROM support_sessions WHERE id = ? FOR NO KEY UPDATE',
    [decline.sessionId],
  );
  const [session] = rows;
  if (session?.status !== 'waiting') return null;
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO support_declines (session_id, person_id, reason)
     VALUES (:sessionId, :personId, :reason) ON CONFLICT DO NOTHING`,
    decline,
  );
  if (rowCount === 0) return session.declines_count;
  await trx.raw(
    'UPDATE support_sessions SET declines_count = declines_count + 1, updated_at = now() WHERE id = ?',
    [decline.sessionId],
  );
  return session.declines_count + 1;
}

/** Lets somebody take part beside the helper; false when the session is over. */
export async function joinSupport(
  trx: Knex.Transaction,
  sessionId: string,
  personId: string,
): Promise<boolean> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO support_participants (session_id, person_id, role)
     SELECT id, :personId, 'joined' FROM support_sessions
     WHERE id = :sessionId AND status = 'active' FOR KEY SHARE
     ON CONFLICT (session_id, person_id) DO UPDATE SET left_at = NULL, last_seen_at = now()`,
    { sessionId, personId },
  );
  return rowCount > 0;
}

/** How a session stands while its row is locked. */
export interface StandingSession {
  readonly status: SupportState;
  readonly isEscalated: boolean;
  readonly helperId: string | null;
  readonly helperRole: PersonRole | null;
}

/** Locks the session's row and tells how it stands; null for none. */
export async function lockSupport(
  trx: Knex.Transaction,
  sessionId: string,
): Promise<StandingSession | null> {
  const { rows } = await trx.raw<{ rows: StandingSession[] }>(
    `SELECT session.status, session.is_escalated AS "isEscalated", session.helper_id AS "helperId",
       helper.role AS "helperRole"
     FROM support_sessions AS session LEFT JOIN people AS helper ON helper.id = session.helper_id
     WHERE session.id = ? FOR NO KEY UPDATE OF session`,
    [sessionId],
  );
  return rows[0] ?? null;
}

export type EndReason = 'ended' | 'cancelled_by_patient' | 'idle' | 'patient_gone';

const ABANDONED: readonly EndReason[] = ['idle', 'patient_gone'];

/**
 * Ends an open session, whose row the caller has locked: closed where somebody helped, else
 * cancelled. Where the patient is not there any more, their alert hears so.
 */
export async function endSupport(
  trx: Knex.Transaction,
  sessionId: string,
  to: 'closed' | 'cancelled',
  reason: EndReason,
): Promise<void> {
  await trx.raw(
    `UPDATE support_sessions
     SET status = :to, ended_at = now(), end_reason = :reason, updated_at = now(),
       is_escalated = false, version = version + 1
     WHERE id = :sessionId AND status IN ('waiting', 'active')`,
    { sessionId, to, reason },
  );
  if (!ABANDONED.includes(reason)) return;
  await trx.raw(
    `INSERT INTO outbox (topic, clinic_id, payload)
     SELECT 'crisis.person_gone', clinic_id,
       jsonb_build_object('personId', patient_id, 'because', 'session_abandoned')
     FROM support_sessions WHERE id = ?`,
    [sessionId],
  );
}

/** What participants may say about a session. What is left out stays. */
export interface SupportRemarks {
  readonly details?: Buffer;
  readonly notes?: Buffer;
  readonly feedback?: Buffer;
  readonly rating?: number;
  readonly helper_feedback?: Buffer;
  readonly helper_rating?: number;
}

export async function updateRemarks(
  trx: Knex.Transaction,
  sessionId: string,
  remarks: SupportRemarks,
): Promise<void> {
  if (Object.keys(remarks).length === 0) return;
  await trx('support_sessions')
    .where({ id: sessionId })
    .update({ ...remarks, updated_at: trx.fn.now() });
}
