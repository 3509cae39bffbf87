import type { Knex } from 'knex';
import type { SessionStatus } from '../domain/session.ts';
import type { SessionFormat } from './sessions.ts';

/** What outgoing events have to know of a session besides what their own rows say. */
export interface AppointmentFacts {
  readonly id: string;
  /** The enrolment of the one member of a group whose appointment this is. */
  readonly seatId: string | null;
  readonly clinicId: string;
  readonly therapistId: string;
  /** The client, or those who are enrolled without a part of their own at that moment. */
  readonly clients: readonly AppointmentClient[];
  readonly format: SessionFormat;
  readonly version: number;
  /** The first status; a session that began as a hold is an appointment once it is taken up. */
  readonly bookedAs: string;
  /** Nothing is on record between its booking and the instant that was asked about. */
  readonly isUntouched: boolean;
  /** No session of the same two people came before it, apart from those that came to nothing. */
  readonly isFirstOfPair: boolean;
  /** Sealed. */
  readonly details: Buffer | null;
  /** Sealed. */
  readonly lastReason: Buffer | null;
}

export interface AppointmentClient {
  readonly id: string;
  readonly isAbsent: boolean;
}

const APPOINTMENT = `
  SELECT session.id, NULL AS "seatId", session.clinic_id AS "clinicId",
    session.therapist_id AS "therapistId", session.format, session.version, session.details, session.last_reason AS "lastReason",
    coalesce((SELECT data->>'status' FROM session_events
      WHERE session_id = session.id AND kind = 'booked' ORDER BY id LIMIT 1), '') AS "bookedAs",
    NOT EXISTS (SELECT FROM session_events WHERE session_id = session.id
      AND kind <> 'booked' AND at < :at) AS "isUntouched",
    NOT EXISTS (SELECT FROM sessions earlier
      WHERE earlier.client_id = session.client_id AND earlier.therapist_id = session.therapist_id
        AND (earlier.created_at, earlier.id) < (session.created_at, session.id)
        AND earlier.status NOT IN ('held', 'declined', 'expired', 'cancelled')) AS "isFirstOfPair",
    coalesce((SELECT json_agg(json_build_object('id', person_id, 'isAbsent', state = 'absent')
        ORDER BY person_id)
      FROM enrolments WHERE session_id = session.id
        AND (person_id = session.client_id OR session.client_id IS NULL
          AND status IS NULL AND (state IN ('reserved', 'confirmed') OR date_trunc('milliseconds', updated_at) = :at))), '[]') AS clients
  FROM sessions session WHERE session.id = :sessionId`;

/**
 * A session as an event of the instant `at`, its transaction's, should describe it. Where several
 * are enrolled, those belong to an ending whom that very ending has settled; who had left before
 * does not. A group's members have appointments of their own: {@link findSeatAppointment}.
 */
export async function findAppointment(
  knex: Knex,
  sessionId: string,
  at: Date,
): Promise<AppointmentFacts | null> {
  const { rows } = await knex.raw<{ rows: AppointmentFacts[] }>(APPOINTMENT, { sessionId, at });
  return rows[0] ?? null;
}

const SEAT_APPOINTMENT = `
  SELECT session.id, seat.id AS "seatId", session.clinic_id AS "clinicId",
    session.therapist_id AS "therapistId", session.format, seat.version, NULL AS details,
    seat.last_reason AS "lastReason", '' AS "bookedAs", false AS "isUntouched",
    -- Nobody is consulted alone in a group.
    false AS "isFirstOfPair",
    json_build_array(json_build_object('id', seat.person_id, 'isAbsent', seat.state = 'absent'))
      AS clients
  FROM enrolments seat JOIN sessions session ON session.id = seat.session_id
  WHERE seat.id = ? AND seat.status IS NOT NULL`;

/** One member's appointment in a group's session. */
export async function findSeatAppointment(
  knex: Knex,
  enrolmentId: string,
): Promise<AppointmentFacts | null> {
  const { rows } = await knex.raw<{ rows: AppointmentFacts[] }>(SEAT_APPOINTMENT, [enrolmentId]);
  return rows[0] ?? null;
}

/** Who asked for the move of a session to a new start; null where nobody did. */
export async function findMover(
  knex: Knex,
  sessionId: string,
  newStartsAt: number,
): Promise<string | null> {
  const row = await knex('session_events')
    .where({ session_id: sessionId })
    .whereIn('kind', ['rescheduled', 'reschedule_proposed'])
    .whereRaw(`data->>'newStartsAt' = ?`, [String(newStartsAt)])
    .orderBy('id', 'desc')
    .first('actor_id');
  return row?.actor_id ?? null;
}

/** Where a session's changes are told of: its people, its therapist's zone, times it may free. */
export interface SessionAudience {
  readonly therapistId: string;
  readonly timeZone: string;
  readonly people: readonly string[];
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly durationMs: number;
  /** The start that was last proposed, epoch ms. */
  readonly lastProposedAt: number | null;
}

const AUDIENCE = `
  SELECT session.therapist_id AS "therapistId", profile.time_zone AS "timeZone",
    coalesce((session.plan->'buffers'->>'beforeMs')::float8, 0) AS "beforeMs",
    coalesce((session.plan->'buffers'->>'afterMs')::float8, 0) AS "afterMs",
    (extract(epoch FROM session.ends_at - session.starts_at) * 1000)::float8 AS "durationMs",
    (SELECT (data->>'newStartsAt')::float8 FROM session_events
      WHERE session_id = session.id AND kind = 'reschedule_proposed'
      ORDER BY id DESC LIMIT 1) AS "lastProposedAt",
    (SELECT array_agg(DISTINCT person) FROM (
      SELECT session.therapist_id AS person
      UNION SELECT session.client_id WHERE session.client_id IS NOT NULL
      UNION SELECT person_id FROM enrolments WHERE session_id = session.id AND status IS NULL
        AND (state <> 'left' AND state <> 'cancelled' OR date_trunc('milliseconds', updated_at) = :at)) AS everybody) AS people
  FROM sessions session JOIN therapist_profiles profile ON profile.person_id = session.therapist_id
  WHERE session.id = :sessionId`;

export async function findAudience(
  knex: Knex,
  sessionId: string,
  at: Date,
): Promise<SessionAudience | null> {
  const { rows } = await knex.raw<{ rows: SessionAudience[] }>(AUDIENCE, { sessionId, at });
  return rows[0] ?? null;
}

/** The zone of a therapist's calendar; null where there is no such therapist. */
export async function zoneOfTherapist(knex: Knex, therapistId: string): Promise<string | null> {
  const row = await knex('therapist_profiles')
    .where({ person_id: therapistId })
    .first<{ time_zone: string } | undefined>('time_zone');
  return row?.time_zone ?? null;
}

/** Whom a member's step in a group's session is told to; never another member. */
export interface SeatAudience {
  readonly memberId: string;
  readonly therapistId: string;
  readonly sessionStatus: SessionStatus;
}

export async function findSeatAudience(
  knex: Knex,
  enrolmentId: string,
): Promise<SeatAudience | null> {
  const { rows } = await knex.raw<{ rows: SeatAudience[] }>(
    `SELECT seat.person_id AS "memberId", session.therapist_id AS "therapistId",
       session.status AS "sessionStatus"
     FROM enrolments seat JOIN sessions session ON session.id = seat.session_id WHERE seat.id = ?`,
    [enrolmentId],
  );
  return rows[0] ?? null;
}
