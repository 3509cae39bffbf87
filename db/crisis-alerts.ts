import type { Knex } from 'knex';
import type { AlertState } from '../domain/alert-events.ts';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import { isUuid } from '../domain/ids.ts';

/** An alert as it is told to people, with who is in it and what has been noted. */
export interface AlertView {
  readonly id: string;
  readonly number: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly severity: AlertSeverity;
  readonly type: string;
  readonly sessionId: string | null;
  readonly status: AlertState['kind'];
  /** The step of its policy that was paged last, from 0. */
  readonly tier: number;
  /** Whoever has it, or had it first where it is over. */
  readonly holderId: string | null;
  readonly holderName: string | null;
  readonly createdAt: Date;
  readonly firstPageAt: Date | null;
  readonly acknowledgedAt: Date | null;
  readonly contactAt: Date | null;
  readonly resolvedAt: Date | null;
  readonly resolvedBy: string | null;
  readonly outcome: string | null;
  /** The first report's words, sealed, and the id of its row. */
  readonly report: Buffer | null;
  readonly reportId: string | null;
  /** When a human first noted that local services were called. */
  readonly localServicesAt: Date | null;
  readonly followUpRequired: boolean | null;
  readonly followUpAt: Date | null;
  /** The last resolution that somebody noted, sealed, and the id of its row. */
  readonly note: Buffer | null;
  readonly noteId: string | null;
  readonly session: { readonly status: string; readonly escalatedAt: string | null } | null;
}

/** With whom the alert is about, for those who may know. */
export interface ListedAlert extends AlertView {
  readonly username: string | null;
  readonly email: string | null;
  readonly firstName: string;
  readonly age: number | null;
}

/** Who has it; once it is over, who had it first. */
const TAKEN_BY = `coalesce(alert.holder_id,
  CASE WHEN alert.status = 'resolved' THEN coalesce(alert.acknowledged_by, alert.resolved_by) END)`;

const VIEW = `alert.id, alert.number, alert.clinic_id AS "clinicId",
  alert.person_id AS "personId", alert.severity, alert.type, alert.session_id AS "sessionId",
  alert.status, coalesce((alert.state->>'tier')::int, 0) AS tier,
  ${TAKEN_BY} AS "holderId",
  nullif(trim(coalesce(profile.display_name, concat_ws(' ', holder.first_name, holder.last_name))), '')
    AS "holderName",
  alert.created_at AS "createdAt", alert.first_page_at AS "firstPageAt",
  alert.acknowledged_at AS "acknowledgedAt", alert.contact_at AS "contactAt",
  alert.resolved_at AS "resolvedAt", alert.resolved_by AS "resolvedBy", alert.outcome,
  report.details AS report, report.id AS "reportId",
  noted."localServicesAt", followed.follow_up_required AS "followUpRequired",
  followed.follow_up_at AS "followUpAt", note.details AS note, note.id AS "noteId",
  (SELECT json_build_object(
      'status', CASE WHEN is_escalated AND status IN ('waiting', 'active')
        THEN 'escalated' ELSE status END,
      'escalatedAt', escalated_at)
    FROM support_sessions WHERE support_sessions.id = alert.session_id) AS session`;

const AROUND = `LEFT JOIN people AS holder ON holder.id = ${TAKEN_BY}
  LEFT JOIN therapist_profiles AS profile ON profile.person_id = holder.id
  LEFT JOIN LATERAL (
    SELECT id, details FROM crisis_triggers WHERE alert_id = alert.id
    ORDER BY created_at, id LIMIT 1) AS report ON true
  LEFT JOIN LATERAL (
    SELECT min(created_at) FILTER (WHERE has_called_local_services) AS "localServicesAt"
    FROM crisis_notes WHERE alert_id = alert.id) AS noted ON true
  LEFT JOIN LATERAL (
    SELECT follow_up_required, follow_up_at FROM crisis_notes
    WHERE alert_id = alert.id AND follow_up_required IS NOT NULL
    ORDER BY created_at DESC LIMIT 1) AS followed ON true
  LEFT JOIN LATERAL (
    SELECT id, details FROM crisis_notes WHERE alert_id = alert.id AND details IS NOT NULL
    ORDER BY created_at DESC LIMIT 1) AS note ON true`;

/** One alert, in one query; null for no such alert and for no id at all. */
export async function findAlert(db: Knex, id: string): Promise<AlertView | null> {
  if (!isUuid(id)) return null;
  const { rows } = await db.raw<{ rows: AlertView[] }>(
    `SELECT ${VIEW} FROM crisis_alerts AS alert ${AROUND} WHERE alert.id = ?`,
    [id],
  );
  return rows[0] ?? null;
}

export interface AlertFilter {
  readonly clinicId: string;
  readonly statuses: readonly AlertState['kind'][] | null;
  /** Only those that were paged beyond the first step. */
  readonly isEscalated: boolean;
  readonly severity: AlertSeverity | null;
  readonly holderId: string | null;
  readonly personId: string | null;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly limit: number;
  readonly offset: number;
}

/** A clinic's alerts, the newest first, and how many there are in all. Drills are none. */
export async function listAlerts(
  db: Knex,
  filter: AlertFilter,
): Promise<{ readonly alerts: ListedAlert[]; readonly total: number }> {
  const conditions = [
    'alert.clinic_id = :clinicId AND NOT alert.is_drill',
    ...(filter.statuses === null ? [] : ['alert.status = ANY(:statuses)']),
    ...(filter.isEscalated ? ["coalesce((alert.state->>'tier')::int, 0) > 0"] : []),
    ...(filter.severity === null ? [] : ['alert.severity = :severity']),
    ...(filter.holderId === null ? [] : [`${TAKEN_BY} = :holderId`]),
    ...(filter.personId === null ? [] : ['alert.person_id = :personId']),
    ...(filter.from === null ? [] : ['alert.created_at >= :from']),
    ...(filter.to === null ? [] : ['alert.created_at <= :to']),
  ].join(' AND ');
  const { rows } = await db.raw<{ rows: (ListedAlert & { readonly total: number })[] }>(
    `WITH counted AS (SELECT count(*)::int AS total FROM crisis_alerts AS alert WHERE ${conditions}),
     page AS (
       SELECT * FROM crisis_alerts AS alert WHERE ${conditions}
       ORDER BY alert.created_at DESC, alert.id DESC LIMIT :limit OFFSET :offset)
     SELECT counted.total, shown.* FROM counted LEFT JOIN LATERAL (
       SELECT ${VIEW}, person.username, person.email, person.first_name AS "firstName", person.age
       FROM page AS alert JOIN people AS person ON person.id = alert.person_id ${AROUND}
       ORDER BY alert.created_at DESC, alert.id DESC) AS shown ON true`,
    { ...filter, statuses: [...(filter.statuses ?? [])] },
  );
  const alerts = rows.filter(({ id }) => id !== null);
  return { alerts, total: rows[0]?.total ?? 0 };
}

export interface NewAlertNote {
  readonly id: string;
  readonly alertId: string;
  readonly authorId: string;
  readonly followUpRequired: boolean | null;
  readonly followUpAt: Date | null;
  readonly hasCalledLocalServices: boolean;
  /** Sealed. */
  readonly details: Buffer | null;
}

export async function insertAlertNote(trx: Knex.Transaction, note: NewAlertNote): Promise<void> {
  await trx.raw(
    `INSERT INTO crisis_notes (id, alert_id, author_id, follow_up_required, follow_up_at,
       has_called_local_services, details)
     VALUES (:id, :alertId, :authorId, :followUpRequired, :followUpAt, :hasCalledLocalServices,
       :details)`,
    { ...note },
  );
}

export interface Intervention {
  readonly id: string;
  readonly alertId: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly sessionId: string | null;
  readonly requestedBy: string;
  readonly type: string;
}

/** Gives the intervention its case number, which is never given again. */
export async function insertIntervention(
  trx: Knex,
  intervention: Intervention,
): Promise<{ readonly number: string; readonly createdAt: Date }> {
  const { rows } = await trx.raw<{ rows: [{ number: string; createdAt: Date }] }>(
    `INSERT INTO crisis_interventions
       (id, number, alert_id, clinic_id, person_id, session_id, requested_by, type)
     SELECT :id, 'CI-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY') || '-'
         || lpad(n::text, greatest(6, length(n::text)), '0'),
       :alertId, :clinicId, :personId, :sessionId, :requestedBy, :type
     FROM nextval('crisis_intervention_numbers') AS n
     ON CONFLICT (id) DO UPDATE SET alert_id = excluded.alert_id
     RETURNING number, created_at AS "createdAt"`,
    { ...intervention },
  );
  return rows[0];
}

/** By which ways somebody could be looked for, beyond what their reports say. */
export async function reachOf(
  db: Knex,
  personId: string,
): Promise<{ readonly hasPhone: boolean; readonly hasEmergencyContact: boolean }> {
  const { rows } = await db.raw<{ rows: { hasPhone: boolean; hasEmergencyContact: boolean }[] }>(
    `SELECT phone IS NOT NULL AS "hasPhone", emergency_contact IS NOT NULL AS "hasEmergencyContact"
     FROM people WHERE id = ?`,
    [personId],
  );
  return rows[0] ?? { hasPhone: false, hasEmergencyContact: false };
}

/** The alerts of high risk that somebody has open; drills are none. */
export async function openAlertsOf(
  db: Knex,
  personId: string,
): Promise<{ readonly id: string; readonly clinicId: string }[]> {
  const { rows } = await db.raw<{ rows: { id: string; clinicId: string }[] }>(
    `SELECT id, clinic_id AS "clinicId" FROM crisis_alerts
     WHERE person_id = ? AND status <> 'resolved' AND NOT is_drill
       AND severity IN ('high', 'critical')`,
    [personId],
  );
  return rows;
}

/** Somebody has pressed the button that calls for help without a word, since the alert was opened. */
const IS_SILENT = `EXISTS (SELECT FROM crisis_events AS event WHERE event.alert_id = alert.id
  AND event.kind IN ('raised', 'raised_again') AND event.data->>'type' = 'panic-button')`;

export interface WaitingAlert extends Pick<AlertView, 'clinicId' | 'sessionId' | 'status'> {
  readonly isSilent: boolean;
}

/** Where an alert stands, and the support session that its person is in. */
export async function waitingAlert(db: Knex, alertId: string): Promise<WaitingAlert | null> {
  const { rows } = await db.raw<{ rows: WaitingAlert[] }>(
    `SELECT clinic_id AS "clinicId", session_id AS "sessionId", status, ${IS_SILENT} AS "isSilent"
     FROM crisis_alerts AS alert WHERE id = ?`,
    [alertId],
  );
  return rows[0] ?? null;
}

export interface AlertOwner {
  readonly personId: string;
  readonly isDrill: boolean;
  /** What they can see of it others could read beside them. */
  readonly isSilent: boolean;
}

/** Whose alert it is; null where there is none. */
export async function findAlertOwner(db: Knex, alertId: string): Promise<AlertOwner | null> {
  const { rows } = await db.raw<{ rows: AlertOwner[] }>(
    `SELECT person_id AS "personId", is_drill AS "isDrill", ${IS_SILENT} AS "isSilent"
     FROM crisis_alerts AS alert WHERE id = ?`,
    [alertId],
  );
  return rows[0] ?? null;
}

const NOTES_AT_MOST = 20;

/** When the person of a session's alert was told lately that nobody had answered yet, oldest first. */
export async function toldInSession(db: Knex, sessionId: string): Promise<Date[]> {
  const { rows } = await db.raw<{ rows: { at: Date }[] }>(
    `SELECT event.at FROM crisis_alerts AS alert
     JOIN crisis_events AS event ON event.alert_id = alert.id AND event.kind = 'person_told'
     WHERE alert.session_id = ? AND alert.status <> 'resolved'
     ORDER BY event.id DESC LIMIT ?`,
    [sessionId, NOTES_AT_MOST],
  );
  return rows.map(({ at }) => at).toReversed();
}
