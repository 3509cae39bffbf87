import type { Knex } from 'knex';
import type { RoomRole } from '../domain/room-state.ts';

export interface Attendance {
  readonly personId: string;
  /** The role they had last. */
  readonly role: RoomRole;
  readonly cameAt: Date;
  /** Null while they are there. */
  readonly leftAt: Date | null;
  /** Time inside, the waiting room not counted, up to now while they are there; ms. */
  readonly insideMs: number;
  /**
   * Of it, what is billed: with the therapist, and of the therapist's own time with anybody but
   * observers; ms. An observer's is 0.
   */
  readonly billedMs: number;
  /** When what is billed began and ended; null where there is nothing. */
  readonly billedFrom: Date | null;
  readonly billedUntil: Date | null;
}

/** What an integer holds; a ledger that nobody has closed goes on for ever. */
const MOST_MS = 2_147_483_647;
const NEVER = `'{}'::tstzmultirange`;

function lengthOf(times: string): string {
  return `least(${MOST_MS}, (SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part)) * 1000), 0)
    FROM unnest(${times}) AS part))::int`;
}

/** By the ledger of presence, up to now. Whoever was away within the grace has not left in it. */
const ATTENDANCE = `
  WITH stretch AS (
    SELECT person_id, role, kind, at, sequence,
      coalesce(lead(at) OVER mine, greatest(clock_timestamp(), at)) AS until_at,
      lead(sequence) OVER mine IS NULL AS is_last
    FROM room_presence WHERE session_id = :sessionId
    WINDOW mine AS (PARTITION BY person_id ORDER BY sequence)),
  person AS (
    SELECT person_id, max(role) FILTER (WHERE is_last) AS role, min(sequence) AS sequence,
      min(at) AS came_at, max(at) FILTER (WHERE is_last AND kind = 'left') AS left_at,
      coalesce(range_agg(tstzrange(at, until_at)) FILTER (WHERE kind = 'joined'), ${NEVER}) AS times,
      person_id = (SELECT therapist_id FROM sessions WHERE id = :sessionId) AS is_therapist
    FROM stretch GROUP BY person_id),
  counted AS (
    SELECT person.*, times * coalesce(CASE
      WHEN is_therapist THEN (SELECT range_agg(other.times) FROM person AS other
        WHERE NOT other.is_therapist AND other.role <> 'observer')
      WHEN role <> 'observer' THEN (SELECT other.times FROM person AS other WHERE other.is_therapist)
      END, ${NEVER}) AS billed
    FROM person)
  SELECT person_id, role, came_at, left_at, ${lengthOf('times')} AS inside_ms,
    ${lengthOf('billed')} AS billed_ms, lower(billed) AS billed_from,
    upper(billed) AS billed_until, sequence
  FROM counted`;

interface AttendanceRow {
  readonly person_id: string;
  readonly role: RoomRole;
  readonly came_at: Date;
  readonly left_at: Date | null;
  readonly inside_ms: number;
  readonly billed_ms: number;
  readonly billed_from: Date | null;
  readonly billed_until: Date | null;
}

function fromRow(row: AttendanceRow): Attendance {
  return {
    personId: row.person_id,
    role: row.role,
    cameAt: row.came_at,
    leftAt: row.left_at,
    insideMs: row.inside_ms,
    billedMs: row.billed_ms,
    billedFrom: row.billed_from,
    billedUntil: row.billed_until,
  };
}

/** Who came to a session and how long each was inside, by the ledger as it is now. */
export async function attendanceOf(db: Knex, sessionId: string): Promise<Attendance[]> {
  const { rows } = await db.raw<{ rows: AttendanceRow[] }>(
    `SELECT * FROM (${ATTENDANCE}) AS there ORDER BY sequence`,
    { sessionId },
  );
  return rows.map(fromRow);
}

/** What was put down when the session was over; nobody where it had no room, or is not over. */
export async function settledAttendance(db: Knex, sessionId: string): Promise<Attendance[]> {
  const rows = await db('session_attendance')
    .where({ session_id: sessionId })
    .orderBy(['came_at', 'person_id']);
  return (rows as AttendanceRow[]).map(fromRow);
}

/**
 * Puts down who was in a session that has taken place, and for how long: again when the last of them
 * has left. Safe to run any number of times; does nothing while the session is not over.
 */
export async function settleAttendance(db: Knex, sessionId: string): Promise<void> {
  await db.raw(
    `INSERT INTO session_attendance (session_id, person_id, role, came_at, left_at, inside_ms,
       billed_ms, billed_from, billed_until)
     SELECT sessions.id, person_id, role, came_at, left_at, inside_ms, billed_ms, billed_from,
       billed_until
     FROM (${ATTENDANCE}) AS there, sessions
     WHERE sessions.id = :sessionId AND sessions.status IN ('completed', 'no_show')
     ORDER BY person_id
     ON CONFLICT (session_id, person_id) DO UPDATE SET role = excluded.role,
       came_at = excluded.came_at, left_at = excluded.left_at, inside_ms = excluded.inside_ms,
       billed_ms = excluded.billed_ms, billed_from = excluded.billed_from,
       billed_until = excluded.billed_until, settled_at = excluded.settled_at`,
    { sessionId },
  );
}

export type Mark = 'attended' | 'absent' | null;

/** Somebody who was to come, and whether they did; null while that is open. */
export interface Expected {
  readonly personId: string;
  readonly mark: Mark;
}

/** The client of a session, or everybody who kept their seat, as the session's record has them. */
export async function expectedIn(db: Knex, sessionId: string): Promise<Expected[]> {
  const { rows } = await db.raw<{ rows: Expected[] }>(
    `SELECT client_id AS "personId", CASE status WHEN 'completed' THEN 'attended'
       WHEN 'no_show' THEN 'absent' END AS mark
     FROM sessions WHERE id = :sessionId AND client_id IS NOT NULL
     UNION ALL
     SELECT person_id, CASE WHEN state IN ('attended', 'absent') THEN state END
     FROM enrolments JOIN sessions ON sessions.id = session_id
     WHERE session_id = :sessionId AND client_id IS NULL
       AND state IN ('confirmed', 'attended', 'absent')`,
    { sessionId },
  );
  return rows;
}
