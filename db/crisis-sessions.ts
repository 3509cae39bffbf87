import type { Knex } from 'knex';
import type { CrisisCandidate } from '../domain/crisis-session.ts';
import { LONGEST_CRISIS_MS } from '../domain/crisis-session.ts';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import { isUuid } from '../domain/ids.ts';
import { CALENDAR_COLUMNS, CALENDAR_JOINS, calendarFrom, windowBindings } from './availability.ts';
import type { CalendarRow } from './availability.ts';
import type { SessionFormat } from './sessions.ts';

/** Somebody's wish for a session right now. Its session, once there is one, has the same id. */
export interface CrisisRequest {
  readonly id: string;
  readonly clinicId: string;
  readonly clientId: string;
  readonly alertId: string;
  readonly severity: AlertSeverity;
  readonly format: SessionFormat;
  readonly roomCode: string;
  readonly requestedAt: Date;
  /** Sealed. */
  readonly safetyPlan: Buffer | null;
  /** Null while it waits for somebody. */
  readonly therapistId: string | null;
  readonly therapistName: string | null;
  readonly therapistSpecializations: readonly string[];
  /** The alert is over, and nobody needs to come any more. */
  readonly isOver: boolean;
}

const REQUEST = `SELECT request.id, request.clinic_id AS "clinicId", request.client_id AS "clientId",
    request.alert_id AS "alertId", request.severity, request.format,
    request.room_code AS "roomCode", request.requested_at AS "requestedAt",
    request.safety_plan AS "safetyPlan", session.therapist_id AS "therapistId",
    profile.display_name AS "therapistName",
    coalesce(profile.specializations, '{}') AS "therapistSpecializations",
    alert.status = 'resolved' AS "isOver"
  FROM crisis_sessions AS request JOIN crisis_alerts AS alert ON alert.id = request.alert_id
  LEFT JOIN sessions AS session ON session.id = request.id
  LEFT JOIN therapist_profiles AS profile ON profile.person_id = session.therapist_id`;

export async function findCrisisRequest(db: Knex, id: string): Promise<CrisisRequest | null> {
  if (!isUuid(id)) return null;
  const { rows } = await db.raw<{ rows: CrisisRequest[] }>(`${REQUEST} WHERE request.id = ?`, [id]);
  return rows[0] ?? null;
}

/** The requests that wait for whoever takes this alert; mostly one. */
export async function waitingForHolder(db: Knex, alertId: string): Promise<CrisisRequest[]> {
  const { rows } = await db.raw<{ rows: CrisisRequest[] }>(
    `${REQUEST} WHERE request.alert_id = ? AND session.id IS NULL AND alert.status <> 'resolved'
     ORDER BY request.requested_at`,
    [alertId],
  );
  return rows;
}

export type NewCrisisRequest = Pick<
  CrisisRequest,
  'id' | 'clinicId' | 'clientId' | 'alertId' | 'severity' | 'format' | 'roomCode' | 'safetyPlan'
>;

/**
 * Writes a request down, or gives the one that the person has open: whoever asks again in their
 * distress is not given two sessions. Asking at once from two places comes to one as well.
 */
export async function insertCrisisRequest(
  trx: Knex.Transaction,
  request: NewCrisisRequest,
): Promise<CrisisRequest> {
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 65))', [request.clientId]);
  const open = await trx.raw<{ rows: CrisisRequest[] }>(
    `${REQUEST} WHERE request.client_id = ? AND alert.status <> 'resolved'
       AND (session.id IS NULL
         OR (session.status IN ('confirmed', 'in_progress') AND session.ends_at > now()))
     ORDER BY request.requested_at DESC LIMIT 1`,
    [request.clientId],
  );
  if (open.rows[0] !== undefined) return open.rows[0];
  await trx.raw(
    `INSERT INTO crisis_sessions
       (id, clinic_id, client_id, alert_id, severity, format, room_code, safety_plan)
     VALUES (:id, :clinicId, :clientId, :alertId, :severity, :format, :roomCode, :safetyPlan)`,
    { ...request },
  );
  const written = await findCrisisRequest(trx, request.id);
  return written!;
}

/**
 * Has the alert of a crisis session hear, once this commits, that whoever has it came into the room;
 * or had it until nobody did. Nothing is told of anybody else.
 */
export async function tellAlertOfHolder(
  trx: Knex.Transaction,
  joined: { readonly sessionId: string; readonly personId: string; readonly at: Date },
): Promise<void> {
  const { sessionId, personId, at } = joined;
  await trx.raw(
    `INSERT INTO outbox (topic, clinic_id, payload)
     SELECT 'crisis.joined', alert.clinic_id,
       jsonb_build_object('alertId', alert.id, 'personId', :personId::text, 'at', :at::text)
     FROM crisis_sessions AS request JOIN crisis_alerts AS alert ON alert.id = request.alert_id
     WHERE request.id = :sessionId AND alert.status <> 'resolved'
       AND (alert.holder_id = :personId::uuid OR alert.state->>'lastHolderId' = :personId::text)`,
    { sessionId, personId, at: at.toISOString() },
  );
}

/** How many requests of the clinic wait for somebody, and came before this one. */
export async function requestsAhead(db: Knex, { id, clinicId }: CrisisRequest): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ count: number }] }>(
    `SELECT count(*)::int AS count FROM crisis_alerts AS alert
     JOIN crisis_sessions AS request ON request.alert_id = alert.id
     WHERE alert.clinic_id = ? AND alert.status = 'paging' AND NOT alert.is_drill
       AND request.id <> ?
       AND request.requested_at < (SELECT requested_at FROM crisis_sessions WHERE id = ?)
       AND NOT EXISTS (SELECT FROM sessions WHERE sessions.id = request.id)`,
    [clinicId, id, id],
  );
  return rows[0].count;
}

const CANDIDATES = `SELECT ${CALENDAR_COLUMNS} FROM therapist_profiles profile
  JOIN people person ON person.id = profile.person_id ${CALENDAR_JOINS}
  WHERE profile.clinic_id = :clinicId AND profile.verified_at IS NOT NULL
    AND person.suspended_at IS NULL AND profile.person_id <> :clientId::uuid
    AND (profile.is_crisis_therapist OR profile.is_on_call
      OR profile.person_id = :preferredId::uuid)`;

/** The clinic's crisis therapists and whom the person prefers, with their calendars from now on. */
export async function crisisCandidates(
  db: Knex,
  question: { clinicId: string; clientId: string; preferredId: string | null; nowMs: number },
): Promise<CrisisCandidate[]> {
  const { clinicId, clientId, preferredId, nowMs } = question;
  const { rows } = await db.raw<{ rows: CalendarRow[] }>(CANDIDATES, {
    clinicId,
    clientId,
    preferredId,
    door: 'crisis',
    sessionType: 'crisis',
    ...windowBindings({ startMs: nowMs, endMs: nowMs + LONGEST_CRISIS_MS }),
  });
  return rows.map((row) => {
    const { therapist, schedule, busy } = calendarFrom(row, 'crisis');
    const { id: therapistId, isOnCall } = therapist;
    return { therapistId, isPreferred: therapistId === preferredId, isOnCall, schedule, busy };
  });
}

/**
 * Sees to it that whoever took an alert can have the session: the clinic's staff have no profile of
 * a therapist. The one that is made here is neither verified nor shown to anybody who looks for one.
 */
export async function ensureProfile(db: Knex, personId: string): Promise<void> {
  await db.raw(
    `INSERT INTO therapist_profiles (person_id, clinic_id, display_name, time_zone, accepts_clients)
     SELECT id, clinic_id, coalesce(nullif(concat_ws(' ', first_name, last_name), ''), 'Crisis team'),
       time_zone, false
     FROM people WHERE id = ? ON CONFLICT DO NOTHING`,
    [personId],
  );
}
