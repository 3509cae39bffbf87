import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import type { SupportHelperType, SupportType } from '../domain/support-session.ts';

export type EscalationCause = 'asked' | 'unanswered';

export interface NewSupportEscalation {
  readonly id: string;
  readonly sessionId: string;
  /** Null for the session's own timer. */
  readonly escalatedBy: string | null;
  readonly cause: EscalationCause;
  readonly from: { readonly severity: AlertSeverity; readonly helperType: SupportHelperType };
  /** What the session becomes. */
  readonly to: {
    readonly severity: AlertSeverity;
    readonly helperType: SupportHelperType;
    readonly type: SupportType;
  };
  /** Who is asked from now on, though others may still take it. */
  readonly offeredTo: SupportHelperType;
  readonly requestedCounselorId: string | null;
  readonly alertId: string | null;
  /** Sealed: the reason and notes. */
  readonly details: Buffer | null;
  /** The helper goes on, or the patient waits for another while the one so far stays in the room. */
  readonly staysActive: boolean;
}

/** Writes an escalation down and makes the session what it asks for. The caller holds the row's lock. */
export async function escalateSupport(
  trx: Knex.Transaction,
  escalation: NewSupportEscalation,
): Promise<void> {
  const { from, to, staysActive, offeredTo, ...values } = escalation;
  await trx.raw(
    `INSERT INTO support_escalations (id, session_id, escalated_by, cause, from_severity,
       to_severity, from_helper_type, to_helper_type, requested_counselor_id, alert_id, details)
     VALUES (:id, :sessionId, :escalatedBy, :cause, :fromSeverity, :toSeverity, :fromHelperType,
       :toHelperType, :requestedCounselorId, :alertId, :details)`,
    {
      ...values,
      fromSeverity: from.severity,
      toSeverity: to.severity,
      fromHelperType: from.helperType,
      toHelperType: offeredTo,
    },
  );
  await trx.raw(
    `UPDATE support_sessions
     SET severity = :severity, helper_type = :helperType, type = :type, is_escalated = true,
       escalated_at = now(), updated_at = now(), version = version + 1
     WHERE id = :sessionId`,
    { sessionId: escalation.sessionId, ...to },
  );
  if (!staysActive) await waitAgain(trx, escalation.sessionId);
}

/** An active session waits for another helper; the one so far still takes part in it. */
async function waitAgain(trx: Knex.Transaction, sessionId: string): Promise<void> {
  await trx.raw(
    `UPDATE support_participants SET role = 'joined' WHERE session_id = ? AND role = 'helper'`,
    [sessionId],
  );
  await trx.raw(
    `UPDATE support_sessions SET status = 'waiting', helper_id = NULL, waiting_since = now(),
       idle_asked_at = NULL
     WHERE id = ? AND status = 'active'`,
    [sessionId],
  );
}

export interface SupportEscalation {
  readonly id: string;
  readonly sessionId: string;
  readonly escalatedBy: string | null;
  readonly cause: EscalationCause;
  readonly fromSeverity: AlertSeverity;
  readonly toSeverity: AlertSeverity;
  readonly toHelperType: SupportHelperType;
  readonly requestedCounselorId: string | null;
  readonly alertId: string | null;
  readonly details: Buffer | null;
  readonly createdAt: Date;
}

/** The escalations of some sessions, oldest first. */
export async function listEscalations(
  db: Knex,
  sessionIds: readonly string[],
): Promise<readonly SupportEscalation[]> {
  if (sessionIds.length === 0) return [];
  const { rows } = await db.raw<{ rows: SupportEscalation[] }>(
    `SELECT id, session_id AS "sessionId", escalated_by AS "escalatedBy", cause,
       from_severity AS "fromSeverity", to_severity AS "toSeverity",
       to_helper_type AS "toHelperType", requested_counselor_id AS "requestedCounselorId",
       alert_id AS "alertId", details, created_at AS "createdAt"
     FROM support_escalations WHERE session_id = ANY (?) ORDER BY created_at, id`,
    [[...sessionIds]],
  );
  return rows;
}

/** The session that an escalation is about; null for no escalation's id. */
export async function sessionOfEscalation(db: Knex, id: string): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { session_id: string }[] }>(
    'SELECT session_id FROM support_escalations WHERE id = ?',
    [id],
  );
  return rows[0]?.session_id ?? null;
}

/** How long escalated sessions of the last 30 days waited for a helper, on average, s; null for none. */
export async function averageEscalatedWait(db: Knex, clinicId: string): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { seconds: number | null }[] }>(
    `SELECT round(avg(extract(epoch FROM step.accepted_at - step.created_at)))::int AS seconds
     FROM support_escalations AS step JOIN support_sessions AS session ON session.id = step.session_id
     WHERE session.clinic_id = ? AND step.accepted_at IS NOT NULL
       AND step.created_at > now() - interval '30 days'`,
    [clinicId],
  );
  return rows[0]?.seconds ?? null;
}

/** What the detector and people reported of a session, oldest first. */
export interface SessionReport {
  readonly alertId: string;
  readonly severity: AlertSeverity;
  readonly source: string;
  readonly alertStatus: string;
  readonly createdAt: Date;
}

export async function listSessionReports(db: Knex, sessionId: string): Promise<SessionReport[]> {
  const { rows } = await db.raw<{ rows: SessionReport[] }>(
    `SELECT cause.alert_id AS "alertId", cause.severity, cause.source,
       alert.status AS "alertStatus", cause.created_at AS "createdAt"
     FROM support_sessions AS session
     JOIN crisis_alerts AS alert ON alert.person_id = session.patient_id AND NOT alert.is_drill
     JOIN crisis_triggers AS cause ON cause.alert_id = alert.id AND cause.session_id = session.id
     WHERE session.id = ? ORDER BY cause.created_at, cause.id LIMIT 100`,
    [sessionId],
  );
  return rows;
}

/** Whether a page of the alert has gone out to an admin of the clinic who may have heard it. */
export async function hasReachedAdmin(db: Knex, alertId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM crisis_pages AS page JOIN people AS person ON person.id = page.person_id
     WHERE page.alert_id = ? AND person.role = 'admin'
       AND (page.state IN ('sent', 'delivered', 'answered')
         -- One that was never sent has no name at its provider.
         OR page.state IN ('unanswered', 'stopped') AND page.provider_id IS NOT NULL) LIMIT 1`,
    [alertId],
  );
  return rows.length > 0;
}

/** Whether somebody is a verified counselor of the clinic. */
export async function isCounselorOf(
  db: Knex,
  clinicId: string,
  personId: string,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM people WHERE id = ? AND clinic_id = ? AND role = 'counselor'
       AND verified_at IS NOT NULL AND suspended_at IS NULL`,
    [personId, clinicId],
  );
  return rows.length > 0;
}
