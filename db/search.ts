import type { Knex } from 'knex';
import type { Interval } from '../domain/intervals.ts';
import {
  CALENDAR_COLUMNS,
  CALENDAR_JOINS,
  MAX_BUFFER_MS,
  OFFER_JOIN,
  busyOf,
  calendarFrom,
  intervalFrom,
  windowBindings,
} from './availability.ts';
import type { CalendarRow, TherapistCalendar } from './availability.ts';

/** Which therapists a person looks for; null means any. Money is minor units. */
export interface TherapistFilter {
  readonly clinicId: string;
  readonly specialization: string | null;
  readonly sessionType: string | null;
  readonly sessionFormat: string | null;
  readonly insurance: string | null;
  readonly language: string | null;
  readonly durationMinutes: number | null;
  readonly maxRateCents: number | null;
  readonly minRating: number | null;
  /** Whose own calendar the slots must suit as well. */
  readonly clientId: string;
  readonly window: Interval;
  readonly page: number;
  readonly perPage: number;
}

export interface TherapistPage {
  readonly total: number;
  readonly calendars: readonly TherapistCalendar[];
  readonly clientBusy: readonly Interval[];
}

/** Names are compared without regard to case: `aetna` finds `Aetna`. */
function holds(column: string, binding: string): string {
  return `(:${binding}::text IS NULL OR EXISTS (
    SELECT FROM unnest(${column}) AS item WHERE lower(item) = lower(:${binding})))`;
}

const MATCHES = `profile.clinic_id = :clinicId AND profile.verified_at IS NOT NULL
  AND profile.accepts_clients AND person.suspended_at IS NULL
  AND ${holds('profile.specializations', 'specialization')}
  AND ${holds('profile.insurers', 'insurance')}
  AND ${holds('profile.languages', 'language')}
  AND (:sessionType::text IS NULL OR :sessionType = ANY (profile.session_types))
  AND (:sessionType::text IS NOT NULL OR offer.session_type <> 'crisis')
  AND (:sessionFormat::text IS NULL OR :sessionFormat = ANY (profile.session_formats))
  AND (:durationMinutes::int IS NULL OR :durationMinutes = ANY (profile.durations_minutes))
  AND (:maxRateCents::int IS NULL OR (profile.rates_cents ->> offer.session_type)::int <= :maxRateCents)
  AND (:minRating::float8 IS NULL
    OR profile.rating_sum >= :minRating::float8 * nullif(profile.rating_count, 0))`;

const SEARCH = `
  WITH matching AS (
    SELECT profile.person_id,
      profile.rating_sum::float8 / nullif(profile.rating_count, 0) AS rating
    FROM therapist_profiles profile JOIN people person ON person.id = profile.person_id ${OFFER_JOIN}
    WHERE ${MATCHES}
  ), page AS (
    SELECT * FROM matching ORDER BY rating DESC NULLS LAST, person_id
    LIMIT :limit OFFSET :offset
  ), found AS (
    SELECT ${CALENDAR_COLUMNS}, page.rating
    FROM page JOIN therapist_profiles profile ON profile.person_id = page.person_id
    JOIN people person ON person.id = profile.person_id ${CALENDAR_JOINS}
  )
  SELECT (SELECT count(*)::int FROM matching) AS total,
    (SELECT json_agg(found ORDER BY found.rating DESC NULLS LAST, found.person_id)
     FROM found) AS therapists,
    (${busyOf(':clientId')}) AS client_busy`;

interface SearchRow {
  readonly total: number;
  readonly therapists: readonly CalendarRow[] | null;
  readonly client_busy: CalendarRow['busy'];
}

/**
 * One page of the clinic's verified therapists who accept clients, best rated first, with all
 * that their free slots depend on: one query, whatever the size of the page.
 */
export async function searchTherapists(db: Knex, filter: TherapistFilter): Promise<TherapistPage> {
  const { window, page, perPage, ...bindings } = filter;
  const { rows } = await db.raw<{ rows: SearchRow[] }>(SEARCH, {
    ...bindings,
    door: 'therapy',
    limit: perPage,
    offset: (page - 1) * perPage,
    ...windowBindings({
      startMs: window.startMs - MAX_BUFFER_MS,
      endMs: window.endMs + MAX_BUFFER_MS,
    }),
  });
  return {
    total: rows[0]?.total ?? 0,
    clientBusy: (rows[0]?.client_busy ?? []).map(intervalFrom),
    calendars: (rows[0]?.therapists ?? []).map((row) => calendarFrom(row, 'therapy')),
  };
}
