import type { Knex } from 'knex';
import type { Plan } from '../domain/plan.ts';
import type { RoomTerms } from '../domain/room-terms.ts';
import type { SessionStatus } from '../domain/session.ts';

/** What a session's room and its ledger need to know of the session. */
export interface RoomSession {
  readonly sessionId: string;
  readonly clinicId: string;
  readonly therapistId: string;
  readonly sessionType: string;
  readonly format: RoomTerms['format'];
  readonly status: SessionStatus;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Null where its plan says nothing of a room. */
  readonly opensBeforeStartMs: number | null;
  readonly closesAfterEndMs: number | null;
  /** The client, or everybody who has a seat. */
  readonly clientIds: readonly string[];
  /** Those who have seats, whose lives are their own. */
  readonly seats: readonly { readonly enrolmentId: string; readonly personId: string }[];
}

/** A session as its room sees it, or null. */
export async function roomSession(db: Knex, sessionId: string): Promise<RoomSession | null> {
  const { rows } = await db.raw<{ rows: (RoomSession & { clientId: string | null })[] }>(
    `SELECT id AS "sessionId", clinic_id AS "clinicId", therapist_id AS "therapistId",
       session_type AS "sessionType", format, status, starts_at AS "startsAt", ends_at AS "endsAt",
       (plan->'room'->>'opensBeforeStartMs')::float8 AS "opensBeforeStartMs",
       (plan->'room'->>'closesAfterEndMs')::float8 AS "closesAfterEndMs",
       client_id AS "clientId", (
       SELECT coalesce(jsonb_agg(jsonb_build_object('enrolmentId', id, 'personId', person_id)), '[]')
       FROM enrolments WHERE session_id = sessions.id AND sessions.client_id IS NULL
         AND state NOT IN ('left', 'cancelled')) AS seats
     FROM sessions WHERE id = ?`,
    [sessionId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { clientId, ...session } = row;
  const members = session.seats.map(({ personId }) => personId);
  return { ...session, clientIds: clientId === null ? members : [clientId] };
}

export interface SessionOfRoom {
  readonly status: SessionStatus;
  readonly terms: RoomTerms;
  /** Who may be in its room. */
  readonly personIds: readonly string[];
}

/**
 * The ids of those who may be in a session's room: its host, and its client or everybody who has a seat.
 * Neither somebody who was removed from it nor a suspended account is among them.
 */
const TAKING_PART = `ARRAY(
  SELECT part.id FROM (
    SELECT unnest(ARRAY[sessions.therapist_id, sessions.client_id]) AS id
    UNION SELECT person_id FROM enrolments WHERE session_id = sessions.id
      AND sessions.client_id IS NULL AND state NOT IN ('left', 'cancelled')) AS part
  JOIN people AS person ON person.id = part.id
  WHERE person.suspended_at IS NULL AND NOT EXISTS (SELECT FROM room_removals
    WHERE session_id = sessions.id AND person_id = part.id))`;

/** Whether somebody has no part in a session any more, though they may have a pass for its room. */
export async function isShutOut(
  db: Knex,
  { sessionId, personId }: { readonly sessionId: string; readonly personId: string },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM sessions WHERE id = ? AND CAST(? AS uuid) <> ALL (${TAKING_PART})`,
    [sessionId, personId],
  );
  return rows.length > 0;
}

/** What a session says of its room, or null where there is no such session. */
export async function sessionOfRoom(db: Knex, sessionId: string): Promise<SessionOfRoom | null> {
  const { rows } = await db.raw<{
    rows: {
      status: SessionStatus;
      door: string;
      format: RoomTerms['format'];
      plan: Plan;
      startsAt: Date;
      endsAt: Date;
      seats: number | null;
      isOpened: boolean;
      personIds: string[];
    }[];
  }>(
    `SELECT status, door, format, plan, starts_at AS "startsAt", ends_at AS "endsAt",
       (group_terms->>'capacity')::int AS seats, hosted.waiting_since IS NOT NULL AS "isOpened",
       ${TAKING_PART} AS "personIds"
     FROM sessions LEFT JOIN hosted_sessions AS hosted ON hosted.session_id = sessions.id
     WHERE id = ?`,
    [sessionId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { status, startsAt, endsAt, seats, personIds, ...rest } = row;
  const times = { startsAt: startsAt.getTime(), endsAt: endsAt.getTime() };
  return { status, personIds, terms: { ...rest, ...times, seats: seats ?? 1 } };
}
