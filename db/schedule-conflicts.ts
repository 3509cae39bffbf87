import type { Knex } from 'knex';
import type { Interval } from '../domain/intervals.ts';
import {
  CALENDAR_COLUMNS,
  CALENDAR_JOINS,
  type CalendarRow,
  type TherapistCalendar,
  calendarFrom,
  windowBindings,
} from './availability.ts';

/** The calendars of a clinic's verified therapists, or of those that are named, in one query. */
export async function findCalendars(
  knex: Knex,
  question: {
    readonly clinicId: string;
    readonly therapistIds: readonly string[] | null;
    readonly window: Interval;
  },
): Promise<TherapistCalendar[]> {
  const { rows } = await knex.raw<{ rows: CalendarRow[] }>(
    `SELECT ${CALENDAR_COLUMNS} FROM therapist_profiles profile
     JOIN people person ON person.id = profile.person_id ${CALENDAR_JOINS}
     WHERE profile.clinic_id = :clinicId AND profile.verified_at IS NOT NULL
       AND (:therapistIds::uuid[] IS NULL OR profile.person_id = ANY (:therapistIds::uuid[]))
     ORDER BY profile.person_id`,
    {
      clinicId: question.clinicId,
      therapistIds: question.therapistIds,
      door: 'scheduling',
      sessionType: null,
      ...windowBindings(question.window),
    } as never,
  );
  return rows.map((row) => calendarFrom(row, 'scheduling'));
}

export interface Overlap {
  readonly sessionId: string;
  readonly otherId: string;
  /** Whose calendar has both. */
  readonly of: 'therapist' | 'client';
}

const OPEN = `('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')`;

/** Longer than any session: bounds the look back along the index. */
const LONGEST = `interval '12 hours'`;

function overlapsBy(column: 'therapist_id' | 'client_id', of: Overlap['of']): string {
  return `
    SELECT one.id AS "sessionId", other.id AS "otherId", '${of}' AS of
    FROM sessions one JOIN sessions other ON other.${column} = one.${column}
      AND other.starts_at < one.ends_at AND other.starts_at > one.starts_at - ${LONGEST}
      AND other.ends_at > one.starts_at AND other.id <> one.id
    WHERE one.id = ANY (:ids::uuid[]) AND one.status IN ${OPEN} AND other.status IN ${OPEN}`;
}

/**
 * Open sessions that share time with another one of the same person. The claims keep these apart
 * where a session claims: in a crisis, which waits for no calendar, they may meet.
 */
export async function findOverlaps(knex: Knex, sessionIds: readonly string[]): Promise<Overlap[]> {
  const { rows } = await knex.raw<{ rows: Overlap[] }>(
    `${overlapsBy('therapist_id', 'therapist')} UNION ALL ${overlapsBy('client_id', 'client')}
     ORDER BY 1, 2`,
    { ids: sessionIds } as never,
  );
  return rows;
}
