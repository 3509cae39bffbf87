import {
  MAX_BUFFER_MS,
  type TherapistCalendar,
  bookingRules,
  findBusy,
  findCalendar,
} from '../../db/availability.ts';
import { type ClientLoad, loadOf } from '../../db/client-limits.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Interval } from '../../domain/intervals.ts';
import { MINUTE_MS, localDateOf } from '../../domain/local-time.ts';
import type { Plan } from '../../domain/plan.ts';
import {
  type StartWithDurations,
  dayClaimWindow,
  slotsWithDurations,
} from '../../domain/slot-durations.ts';
import { readDate } from '../../domain/time-text.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { DURATIONS } from './durations.ts';

interface SlotsQuery extends Query {
  readonly therapistId: string;
  readonly date: string;
}

/** GET /booking/slots: the day is one of the therapist's zone; a patient sees no time of their own. */
export async function getAvailableSlots(call: Call<unknown, SlotsQuery>): Promise<Answer> {
  const dayMs = readDay(call.query.date);
  const { therapistId } = call.query;
  const window = dayClaimWindow({ dayMs }, MAX_BUFFER_MS);
  const [calendar, client] = await Promise.all([
    isUuid(therapistId) ? calendarOf(call, therapistId, window) : null,
    call.principal.role === 'patient' ? clientOf(call, window) : null,
  ]);
  if (calendar === null || !calendar.therapist.isVerified) {
    throw new HoldfastError('not_found', 'There is no such therapist');
  }
  const starts = startsOf(calendar, dayMs, client?.busy ?? []);
  return {
    status: 200,
    body: withinLimits(starts, client?.load ?? null, calendar.plan).map(present),
  };
}

function readDay(text: string): number {
  const dayMs = readDate(text);
  if (dayMs !== null) return dayMs;
  const message = 'must be a date, YYYY-MM-DD';
  throw new HoldfastError('malformed_request', `date ${message}`, {
    fields: [{ field: 'date', message }],
  });
}

function calendarOf(
  { deps, principal }: Call,
  therapistId: string,
  window: Interval,
): Promise<TherapistCalendar | null> {
  const { clinicId } = principal;
  const question = { clinicId, therapistId, door: 'booking', sessionType: null, window } as const;
  return findCalendar(deps.knex, question);
}

async function clientOf(
  { deps, principal }: Call,
  window: Interval,
): Promise<{ busy: Interval[]; load: ClientLoad | null }> {
  const { personId } = principal;
  const [busy, load] = await Promise.all([
    findBusy(deps.knex, personId, window),
    loadOf(deps.knex, personId),
  ]);
  return { busy, load };
}

/** Starts with the durations that both this door and the therapist offer. */
function startsOf(
  calendar: TherapistCalendar,
  dayMs: number,
  clientBusy: readonly Interval[],
): StartWithDurations[] {
  const { therapist, sessionType } = calendar;
  const isOffered = therapist.acceptsClients && therapist.sessionTypes.includes(sessionType);
  const offered = DURATIONS.filter((minutes) => therapist.durationsMinutes.includes(minutes));
  if (!isOffered || offered.length === 0) return [];
  const durationsMs = offered.map((minutes) => minutes * MINUTE_MS);
  return slotsWithDurations(
    { ...bookingRules(calendar, Date.now()), clientBusy },
    { dayMs, durationsMs },
  );
}

/** A slot that a client's limits refuse is none for them. */
function withinLimits(
  starts: readonly StartWithDurations[],
  load: ClientLoad | null,
  { limits }: Plan,
): readonly StartWithDurations[] {
  if (load === null) return starts;
  if (load.openSessions >= limits.maxOpenPerClient) return [];
  const datesOf = (starts: readonly number[]) =>
    starts.map((startMs) => localDateOf(load.timeZone, startMs));
  const taken = load.startsAt.map(datesOf);
  return starts.filter(({ startMs }) => {
    const date = localDateOf(load.timeZone, startMs);
    return taken.filter((dates) => dates.includes(date)).length < limits.maxPerClientPerDay;
  });
}

function present({ startMs, durationsMs }: StartWithDurations): Record<string, unknown> {
  const minutes = durationsMs.map((durationMs) => durationMs / MINUTE_MS);
  return {
    startTime: new Date(startMs).toISOString(),
    availableDurations: minutes.map((duration) => ({
      id: String(duration),
      name: `${duration} minutes`,
      duration,
    })),
  };
}
