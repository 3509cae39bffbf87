import type { Knex } from 'knex';

/** A report with its words, sealed. */
export interface SealedReport {
  readonly alertId: string;
  readonly triggerId: string;
  readonly details: Buffer;
}

/** Of each alert the latest reports that may have come out of a session's room, the newest first. */
export async function reportsLikeRoomCalls(
  db: Knex,
  alertIds: readonly string[],
): Promise<SealedReport[]> {
  const { rows } = await db.raw<{ rows: SealedReport[] }>(
    `SELECT alert.id AS "alertId", report.id AS "triggerId", report.details
     FROM unnest(:alertIds::uuid[]) AS alert (id) JOIN LATERAL (
       SELECT id, details, created_at FROM crisis_triggers
       WHERE alert_id = alert.id AND details IS NOT NULL AND source IN ('report', 'message')
         AND session_id IS NULL AND message_id IS NULL
       ORDER BY created_at DESC, id DESC LIMIT 5) AS report ON true
     ORDER BY report.created_at DESC, report.id DESC`,
    { alertIds: [...alertIds] },
  );
  return rows;
}

/** What a call's words say of where it came from. */
export interface SaidCall {
  readonly alertId: string;
  readonly sessionId: string;
  /** Whom it is about; null where it is about whoever called. */
  readonly concerns: string | null;
}

/** The session that somebody called for help from, and its client. */
export interface RoomCall {
  readonly sessionId: string;
  readonly startsAt: Date;
  /** Null with several in the session and nobody named. */
  readonly client: { readonly id: string; readonly name: string | null } | null;
}

/**
 * Where calls came from, by alert, with the names as they are now. Whoever says so was part of the
 * session, and nobody of another clinic is named.
 */
export async function findRoomCalls(
  db: Knex,
  calls: readonly SaidCall[],
): Promise<ReadonlyMap<string, RoomCall>> {
  if (calls.length === 0) return new Map();
  const { rows } = await db.raw<{
    rows: {
      alertId: string;
      sessionId: string;
      startsAt: Date;
      clientId: string | null;
      name: string | null;
    }[];
  }>(
    `SELECT alert.id AS "alertId", session.id AS "sessionId", session.starts_at AS "startsAt",
       client.id AS "clientId",
       nullif(trim(concat_ws(' ', client.first_name, client.last_name)), '') AS name
     FROM jsonb_to_recordset(:calls::jsonb)
       AS said ("alertId" uuid, "sessionId" uuid, concerns uuid)
     JOIN crisis_alerts AS alert ON alert.id = said."alertId"
     JOIN sessions AS session
       ON session.id = said."sessionId" AND session.clinic_id = alert.clinic_id
     LEFT JOIN people AS client ON client.clinic_id = alert.clinic_id
       AND client.id = coalesce(nullif(said.concerns, alert.person_id), session.client_id)
     WHERE alert.person_id IN (session.therapist_id, session.client_id) OR EXISTS (
       SELECT FROM room_presence AS seen
       WHERE seen.session_id = session.id AND seen.person_id = alert.person_id)`,
    { calls: JSON.stringify(calls) },
  );
  return new Map(
    rows.map(({ alertId, clientId, name, ...session }) => [
      alertId,
      { ...session, client: clientId === null ? null : { id: clientId, name } },
    ]),
  );
}
