import { bookingRules, gridFor } from '../../db/availability.ts';
import type { TherapistCalendar } from '../../db/availability.ts';
import { searchTherapists as searchInDatabase } from '../../db/search.ts';
import type { Interval } from '../../domain/intervals.ts';
import { DAY_MS, MINUTE_MS } from '../../domain/local-time.ts';
import { findSlots } from '../../domain/slots.ts';
import type { Slot } from '../../domain/slots.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { daysWindow, malformed, readDay, readZone, today, writeInstant } from './local-window.ts';

export interface SearchQuery extends Query {
  readonly specialization?: string;
  readonly session_type?: string;
  readonly session_format?: string;
  readonly date_range?: string;
  readonly timezone?: string;
  readonly insurance?: string;
  readonly language?: string;
  readonly duration?: number;
  readonly max_rate?: number;
  readonly min_rating?: number;
  readonly page: number;
  readonly per_page: number;
}

/** A first look needs no more; the availability of one therapist lists all. */
const MAX_SLOTS = 20;
const DEFAULT_DAYS = 14;

/** GET /api/therapy/therapists/search */
export async function searchTherapists(call: Call<unknown, SearchQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const now = Date.now();
  const window = readWindow(query, now);
  const found = await searchInDatabase(deps.knex, {
    ...filterOf(query),
    clinicId: principal.clinicId,
    clientId: principal.personId,
    window,
  });
  const therapists = found.calendars.map((calendar) =>
    present(calendar, freeSlots(calendar, found.clientBusy, window, query.duration, now)),
  );
  const { page, per_page } = query;
  const data = { therapists, total_results: found.total, page, per_page };
  return { status: 200, body: { success: true, data } };
}

type Filter = Omit<Parameters<typeof searchInDatabase>[1], 'clinicId' | 'clientId' | 'window'>;

function filterOf(query: SearchQuery): Filter {
  return {
    specialization: named(query.specialization),
    sessionType: query.session_type ?? null,
    sessionFormat: query.session_format ?? null,
    insurance: named(query.insurance),
    language: named(query.language),
    durationMinutes: query.duration ?? null,
    maxRateCents: query.max_rate === undefined ? null : Math.round(query.max_rate * 100),
    minRating: query.min_rating ?? null,
    page: query.page,
    perPage: query.per_page,
  };
}

/** An empty filter, as forms send it, asks for nothing. */
function named(text: string | undefined): string | null {
  const name = text?.trim() ?? '';
  return name === '' ? null : name;
}

function readWindow(query: SearchQuery, now: number): Interval {
  const zone = query.timezone === undefined ? 'UTC' : readZone('timezone', query.timezone);
  if (query.date_range === undefined) {
    const first = today(zone, now);
    return daysWindow(zone, 'date_range', first, first + (DEFAULT_DAYS - 1) * DAY_MS);
  }
  const [first, last, ...rest] = query.date_range.split(',');
  if (first === undefined || last === undefined || rest.length > 0) {
    throw malformed('date_range', 'must be two dates, YYYY-MM-DD,YYYY-MM-DD');
  }
  return daysWindow(zone, 'date_range', readDay('date_range', first), readDay('date_range', last));
}

function freeSlots(
  calendar: TherapistCalendar,
  clientBusy: readonly Interval[],
  window: Interval,
  durationMinutes: number | undefined,
  now: number,
): Slot[] {
  const minutes = durationMinutes ?? calendar.therapist.durationsMinutes[0] ?? 50;
  const durationMs = minutes * MINUTE_MS;
  return findSlots({
    ...bookingRules(calendar, now),
    clientBusy,
    window,
    durationMs,
    grid: gridFor(durationMs),
    limit: MAX_SLOTS,
  });
}

function present(calendar: TherapistCalendar, slots: readonly Slot[]): Record<string, unknown> {
  const { therapist, sessionType } = calendar;
  const rates = Object.entries(therapist.ratesCents).map(([type, cents]) => [type, cents / 100]);
  return {
    therapist_id: therapist.id,
    display_name: therapist.displayName,
    specializations: therapist.specializations,
    rating: ratingOf(therapist.ratingSum, therapist.ratingCount),
    total_sessions: therapist.completedSessions,
    languages: therapist.languages,
    session_types: therapist.sessionTypes,
    session_rates: Object.fromEntries(rates) as Record<string, number>,
    durations: therapist.durationsMinutes,
    insurance_accepted: therapist.insurers,
    timezone: therapist.timeZone,
    next_available: slots[0] === undefined ? null : writeInstant(slots[0].startMs),
    available_slots: slots.map(({ startMs, endMs }) => ({
      start_time: writeInstant(startMs),
      end_time: writeInstant(endMs),
      session_type: sessionType,
    })),
  };
}

/** The mean of all ratings to one decimal; null where nobody has rated. */
function ratingOf(sum: number, count: number): number | null {
  return count === 0 ? null : Math.round((sum / count) * 10) / 10;
}
