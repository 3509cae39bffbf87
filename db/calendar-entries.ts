import type { Knex } from 'knex';
import type { Interval } from '../domain/intervals.ts';
import type { SessionStatus } from '../domain/session.ts';

/** A session as it stands in one person's calendar. */
export interface CalendarSession {
  readonly id: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  /** The person's own, where they have a part of their own in a group. */
  readonly status: SessionStatus;
  readonly version: number;
  /** The person has left it, or was taken out of it. */
  readonly has_left: boolean;
  readonly changed_at: Date;
}

/** A calendar with more entries than that is cut off at its end. */
const MAX_ENTRIES = 5_000;
/** How long what was called off is still told, days: programs look at least that often. */
const CALLED_OFF_DAYS = 30;

const ENTRIES = `
  WITH entries AS (
    SELECT id, starts_at, ends_at, status, version, missed_deadline, updated_at AS changed_at,
      false AS has_left
    FROM sessions WHERE therapist_id = :personId
    UNION ALL
    SELECT id, starts_at, ends_at, status, version, missed_deadline, updated_at, false
    FROM sessions WHERE client_id = :personId
    UNION ALL
    -- Who comes back to a group has had more than one seat there; the last one counts.
    (SELECT DISTINCT ON (sessions.id) sessions.id, starts_at, ends_at,
      CASE WHEN sessions.status IN ('declined', 'expired', 'cancelled') THEN sessions.status
        ELSE coalesce(seat.status, sessions.status) END,
      CASE WHEN seat.status IS NULL THEN sessions.version ELSE seat.version END,
      sessions.missed_deadline, greatest(sessions.updated_at, seat.updated_at),
      seat.state IN ('left', 'cancelled')
    FROM enrolments seat JOIN sessions ON sessions.id = seat.session_id
    WHERE seat.person_id = :personId AND sessions.client_id IS NULL AND seat.state <> 'invited'
    ORDER BY sessions.id, seat.created_at DESC, seat.id DESC))
  SELECT id, starts_at, ends_at, status, version, changed_at, has_left FROM entries
  WHERE starts_at >= :fromAt AND starts_at < :toAt AND status <> 'held'
    AND missed_deadline IS DISTINCT FROM 'hold'
    AND ((status NOT IN ('declined', 'expired', 'cancelled') AND NOT has_left)
      OR changed_at > now() - make_interval(days => :calledOffDays))
  ORDER BY starts_at, id LIMIT :limit`;

/**
 * What stands in a person's calendar, as therapist, client or member of a group: what is asked for
 * or agreed, and for a while what was called off. A hold that came to nothing never stood there.
 */
export async function calendarSessions(
  db: Knex,
  personId: string,
  { startMs, endMs }: Interval,
): Promise<CalendarSession[]> {
  const { rows } = await db.raw<{ rows: CalendarSession[] }>(ENTRIES, {
    personId,
    fromAt: new Date(startMs),
    toAt: new Date(endMs),
    calledOffDays: CALLED_OFF_DAYS,
    limit: MAX_ENTRIES,
  });
  return rows;
}
