import type { Knex } from 'knex';
import type { Interval } from '../domain/intervals.ts';
import type { SessionStatus } from '../domain/session.ts';

/** A session as it stands in one person's calendar. */
export interface CalendarSession {
  readonly id: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
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
    SELECT sessions.id, starts_at, ends_at, sessions.status, sessions.version,
      sessions.missed_deadline,
      greatest(sessions.updated_at, enrolments.updated_at),
      enrolments.state IN ('left', 'cancelled')
    FROM enrolments JOIN sessions ON sessions.id = enrolments.session_id
    WHERE enrolments.person_id = :personId AND sessions.client_id IS NULL
      AND enrolments.state <> 'invited')
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
