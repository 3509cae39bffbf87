import type { Knex } from 'knex';
import { ALERT_SEVERITIES, type AlertSeverity } from '../domain/escalation-policy.ts';
import { recordTrigger } from './crisis-intake.ts';
import type { RaisedAlert } from './crisis-intake.ts';

/** What a screening says of itself in an alert. */
export const SCREENING_ALERT_TYPE = 'screening_result';
export const ANSWER_ALERT_TYPE = 'screening_answer';
export const UNFINISHED_ALERT_TYPE = 'unfinished_screening';

/** Who has put down a questionnaire in its middle for so long does not just correct an answer. */
const IDLE_MINUTES = 15;
const BATCH = 200;

/** Whether a human has been called for somebody as urgently as this, and it is not over. */
export async function hasOpenAlert(
  db: Knex,
  personId: string,
  severity: AlertSeverity,
): Promise<boolean> {
  const severities = ALERT_SEVERITIES.slice(ALERT_SEVERITIES.indexOf(severity));
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM crisis_alerts WHERE person_id = ? AND status <> 'resolved' AND NOT is_drill
       AND severity = ANY(?)`,
    [personId, severities],
  );
  return rows.length > 0;
}

/** Open responses with an answer of danger that nobody goes on with, and of which nobody knows. */
export async function forgottenDangers(db: Knex): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM screening_responses
     WHERE status = 'open' AND danger IS NOT NULL AND danger_raised_at IS NULL
       AND (updated_at < now() - make_interval(mins => ?) OR expires_at <= now())
     ORDER BY updated_at LIMIT ?`,
    [IDLE_MINUTES, BATCH],
  );
  return rows.map(({ id }) => id);
}

/** What a person left open past its time under a questionnaire that they begin anew. */
export async function overdueDanger(
  db: Knex,
  personId: string,
  questionnaireId: string,
): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM screening_responses
     WHERE person_id = ? AND questionnaire_id = ? AND status = 'open' AND expires_at <= now()
       AND danger IS NOT NULL AND danger_raised_at IS NULL`,
    [personId, questionnaireId],
  );
  return rows[0]?.id ?? null;
}

/** Calls a human for an unfinished response, once; null where somebody else has, or it was mended. */
export async function raiseUnfinished(
  trx: Knex.Transaction,
  id: string,
): Promise<RaisedAlert | null> {
  const { rows } = await trx.raw<{
    rows: { clinicId: string; personId: string; danger: AlertSeverity }[];
  }>(
    `UPDATE screening_responses SET danger_raised_at = now()
     WHERE id = ? AND status = 'open' AND danger IS NOT NULL AND danger_raised_at IS NULL
     RETURNING clinic_id AS "clinicId", person_id AS "personId", danger`,
    [id],
  );
  const found = rows[0];
  if (found === undefined) return null;
  const { clinicId, personId, danger: severity } = found;
  return recordTrigger(trx, {
    clinicId,
    personId,
    severity,
    type: UNFINISHED_ALERT_TYPE,
    source: 'screening',
    sessionId: null,
    messageId: null,
    reportedBy: null,
    details: null,
  });
}

/**
 * Writes down which open responses have expired. Their time is up by the database's clock in each
 * statement that asks for them, to the instant: this is for whoever reads the record.
 */
export async function expireResponses(db: Knex): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `UPDATE screening_responses SET status = 'expired' WHERE id IN (
       SELECT id FROM screening_responses
       WHERE status = 'open' AND expires_at <= now()
         AND (danger IS NULL OR danger_raised_at IS NOT NULL)
       ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED)`,
    [BATCH * 5],
  );
  return rowCount;
}
