import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';

/** One report of an alert, for those who are to act on it. */
export interface AlertNewsRow {
  readonly alertId: string;
  readonly number: string;
  readonly clinicId: string;
  /** Whose trouble it is. */
  readonly personId: string;
  readonly sessionId: string | null;
  readonly severity: AlertSeverity;
  readonly type: string;
  readonly status: string;
  readonly isDrill: boolean;
  readonly createdAt: Date;
  readonly triggerId: string | null;
  /** Sealed. */
  readonly details: Buffer | null;
}

export async function findAlertNews(
  db: Knex,
  alertId: string,
  triggerId: string | null,
): Promise<AlertNewsRow | null> {
  const { rows } = await db.raw<{ rows: AlertNewsRow[] }>(
    `SELECT alert.id AS "alertId", alert.number, alert.clinic_id AS "clinicId",
       alert.person_id AS "personId", coalesce(report.session_id, alert.session_id) AS "sessionId",
       alert.severity, alert.type, alert.status, alert.is_drill AS "isDrill",
       alert.created_at AS "createdAt", report.id AS "triggerId", report.details
     FROM crisis_alerts AS alert
     LEFT JOIN crisis_triggers AS report ON report.id = :triggerId AND report.alert_id = alert.id
     WHERE alert.id = :alertId`,
    { alertId, triggerId },
  );
  return rows[0] ?? null;
}
