import type { Knex } from 'knex';
import type { DateException, Schedule, WeeklyRule } from '../domain/availability.ts';
import type { Interval } from '../domain/intervals.ts';
import type { Plan } from '../domain/plan.ts';
import type { BookingRules, Grid } from '../domain/slots.ts';
import { storedPlan } from './policies.ts';
import type { Door } from './sessions.ts';
import { THERAPIST_COLUMNS, therapistFrom } from './therapists.ts';
import type { Therapist, TherapistRow } from './therapists.ts';

const MINUTE_MS = 60_000;

/** Everything that decides which times of one therapist are free. */
export interface TherapistCalendar {
  readonly therapist: Therapist;
  readonly schedule: Schedule;
  /** The therapist's active claims in the window that was asked for. */
  readonly busy: readonly Interval[];
  /** The plan under which `sessionType` would be booked. */
  readonly plan: Plan;
  readonly sessionType: string;
}

export interface CalendarRow extends TherapistRow {
  readonly session_type: string;
  readonly plan: Plan | null;
  readonly rules: readonly [number, number, number][] | null;
  readonly exceptions:
    readonly [DateException['kind'], string, string, number | null, number | null][] | null;
  readonly busy: readonly [number, number][] | null;
}

/** The type that a caller who names none means: `individual`, else the therapist's first. */
export const OFFER_JOIN = `
  CROSS JOIN LATERAL (SELECT coalesce(:sessionType::text,
    CASE WHEN 'individual' = ANY (profile.session_types) THEN 'individual'
         ELSE profile.session_types[1] END, 'individual') AS session_type) offer`;

/**
 * Open claims, holds that have not run out and busy times of outside calendars, as [start, end]
 * pairs of epoch milliseconds.
 */
export function busyOf(personId: string): string {
  return `SELECT json_agg(json_build_array(
      (extract(epoch FROM lower(taken.during)) * 1000)::float8,
      (extract(epoch FROM upper(taken.during)) * 1000)::float8)) AS busy
    FROM (
      SELECT claims.during FROM claims
      WHERE claims.person_id = ${personId} AND claims.state = 'active'
        AND (claims.expires_at IS NULL OR claims.expires_at > now())
        AND claims.during && tstzrange(:fromAt::timestamptz, :toAt::timestamptz)
      UNION ALL
      SELECT external_busy.during FROM external_busy
      WHERE external_busy.person_id = ${personId}
        AND external_busy.during && tstzrange(:fromAt::timestamptz, :toAt::timestamptz)) taken`;
}

/** Columns and joins of a {@link CalendarRow} for `therapist_profiles AS profile`. */
export const CALENDAR_COLUMNS = `${THERAPIST_COLUMNS}, offer.session_type, policy.plan,
  weekly.rules, dated.exceptions, claimed.busy`;

export const CALENDAR_JOINS = `${OFFER_JOIN}
  LEFT JOIN LATERAL (
    SELECT plan FROM policies
    WHERE policies.clinic_id = profile.clinic_id AND policies.is_active
      AND (policies.door = :door OR policies.door IS NULL)
      AND (policies.session_type = offer.session_type OR policies.session_type IS NULL)
    ORDER BY (policies.session_type IS NOT NULL) DESC, (policies.door IS NOT NULL) DESC
    LIMIT 1) policy ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(day_of_week, start_minute, end_minute)) AS rules
    FROM availability_rules
    WHERE therapist_id = profile.person_id AND is_available) weekly ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(kind, start_date::text, end_date::text,
      start_minute, end_minute)) AS exceptions
    FROM availability_exceptions
    WHERE therapist_id = profile.person_id
      AND end_date >= (:fromAt::timestamptz)::date - 2
      AND start_date <= (:toAt::timestamptz)::date + 2) dated ON true
  LEFT JOIN LATERAL (${busyOf('profile.person_id')}) claimed ON true`;

export function calendarFrom(row: CalendarRow, door: Door): TherapistCalendar {
  const therapist = therapistFrom(row);
  return {
    therapist,
    sessionType: row.session_type,
    plan: storedPlan(door, row.plan),
    schedule: {
      zone: therapist.timeZone,
      rules: (row.rules ?? []).map(ruleFrom),
      exceptions: (row.exceptions ?? []).map(exceptionFrom),
    },
    busy: (row.busy ?? []).map(intervalFrom),
  };
}

function ruleFrom([dayOfWeek, startMinute, endMinute]: readonly [
  number,
  number,
  number,
]): WeeklyRule {
  return { dayOfWeek, startMinute, endMinute, isAvailable: true };
}

function exceptionFrom(
  row: readonly [DateException['kind'], string, string, number | null, number | null],
): DateException {
  const [kind, startDate, endDate, startMinute, endMinute] = row;
  return { kind, startDate, endDate, startMinute, endMinute };
}

export function intervalFrom([startMs, endMs]: readonly [number, number]): Interval {
  return { startMs, endMs };
}

export interface CalendarQuestion {
  readonly clinicId: string;
  readonly therapistId: string;
  readonly door: Door;
  /** Null means the type that the therapist offers by default. */
  readonly sessionType: string | null;
  /** Claims and exceptions of this stretch are loaded; widen it by buffers and duration. */
  readonly window: Interval;
}

const CALENDAR = `
  SELECT ${CALENDAR_COLUMNS} FROM therapist_profiles profile
  JOIN people person ON person.id = profile.person_id ${CALENDAR_JOINS}
  WHERE profile.person_id = :therapistId AND profile.clinic_id = :clinicId`;

/** One therapist's calendar in one query; null where the clinic has no such therapist. */
export async function findCalendar(
  db: Knex,
  question: CalendarQuestion,
): Promise<TherapistCalendar | null> {
  // Prepared, because parsing and planning take twice as long as the query itself.
  const { rows } = await db.raw<{ rows: CalendarRow[] }>(CALENDAR, {
    therapistId: question.therapistId,
    clinicId: question.clinicId,
    door: question.door,
    sessionType: question.sessionType,
    ...windowBindings(question.window),
  });
  return rows[0] === undefined ? null : calendarFrom(rows[0], question.door);
}

export function windowBindings(window: Interval): { fromAt: Date; toAt: Date } {
  return { fromAt: new Date(window.startMs), toAt: new Date(window.endMs) };
}

/** A person's active claims within a stretch of time. */
export async function findBusy(db: Knex, personId: string, window: Interval): Promise<Interval[]> {
  const { rows } = await db.raw<{ rows: Pick<CalendarRow, 'busy'>[] }>(busyOf(':personId'), {
    personId,
    ...windowBindings(window),
  });
  return (rows[0]?.busy ?? []).map(intervalFrom);
}

/**
 * The rules of a booking with this therapist at `now`. The clinic's plan sets the least buffers
 * and notice; a therapist may ask for more.
 */
export function bookingRules(calendar: TherapistCalendar, now: number): BookingRules {
  const { therapist, plan, schedule, busy } = calendar;
  return {
    schedule,
    busy,
    buffers: {
      beforeMs: Math.max(plan.buffers.beforeMs, therapist.bufferBeforeMinutes * MINUTE_MS),
      afterMs: Math.max(plan.buffers.afterMs, therapist.bufferAfterMinutes * MINUTE_MS),
    },
    now,
    minimumNoticeMs: Math.max(plan.minimumNoticeMs, therapist.minimumNoticeMinutes * MINUTE_MS),
    horizonMs: plan.horizonMs,
  };
}

/** Short sessions are offered more often than on the half hour. */
export function gridFor(durationMs: number): Grid {
  const stepMs = Math.min(Math.max(durationMs, 5 * MINUTE_MS), 30 * MINUTE_MS);
  return { kind: 'wall', stepMs };
}

/** The largest buffer that settings allow, for widening a window before the calendar is known. */
export const MAX_BUFFER_MS = 240 * MINUTE_MS;
