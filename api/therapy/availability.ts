import {
  MAX_BUFFER_MS,
  bookingRules,
  findBusy,
  findCalendar,
  gridFor,
} from '../../db/availability.ts';
import type { TherapistCalendar } from '../../db/availability.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import { DAY_MS, MINUTE_MS, localTimeOf } from '../../domain/local-time.ts';
import { byLocalDate, markSlots } from '../../domain/slots.ts';
import type { MarkedSlot } from '../../domain/slots.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { MAX_DAYS, daysWindow, readDay, today, writeInstant } from './local-window.ts';

export interface AvailabilityQuery extends Query {
  readonly start_date?: string;
  readonly end_date?: string;
  readonly session_type?: string;
  readonly duration?: number;
}

const DEFAULT_DAYS = 7;

/** GET /api/therapy/therapists/{id}/availability */
export async function getTherapistAvailability(
  call: Call<unknown, AvailabilityQuery>,
): Promise<Answer> {
  const { deps, principal, query } = call;
  const now = Date.now();
  const asked = readDates(query);
  const loaded = loadWindow(asked, now);
  const [calendar, clientBusy] = await Promise.all([
    findCalendar(deps.knex, {
      clinicId: principal.clinicId,
      therapistId: call.params['id']!,
      door: 'therapy',
      sessionType: query.session_type ?? null,
      window: loaded,
    }),
    findBusy(deps.knex, principal.personId, loaded),
  ]);
  if (calendar === null || !calendar.therapist.isVerified) {
    throw new HoldfastError('not_found', 'There is no such therapist');
  }
  const slots = slotsOf(calendar, clientBusy, asked, query.duration, now);
  return { status: 200, body: { success: true, data: present(calendar, slots) } };
}

/** The first and last local day as they were asked for, before the therapist's zone is known. */
interface AskedDates {
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

function readDates({ start_date: start, end_date: end }: AvailabilityQuery): AskedDates {
  const firstMs = start === undefined ? null : readDay('start_date', start);
  const lastMs = end === undefined ? null : readDay('end_date', end);
  // Refused before anything is read; what is left open can't be checked yet.
  if (firstMs !== null && lastMs !== null) daysWindow('UTC', 'end_date', firstMs, lastMs);
  return { firstMs, lastMs };
}

/** Wide enough for any zone, any session and any buffer. */
function loadWindow({ firstMs, lastMs }: AskedDates, now: number): Interval {
  const first = firstMs ?? today('UTC', now);
  const last = lastMs ?? first + DEFAULT_DAYS * DAY_MS;
  const until = Math.min(Math.max(last, first), first + MAX_DAYS * DAY_MS);
  return {
    startMs: first - 2 * DAY_MS - MAX_BUFFER_MS,
    endMs: until + 3 * DAY_MS + MAX_BUFFER_MS,
  };
}

function slotsOf(
  calendar: TherapistCalendar,
  clientBusy: readonly Interval[],
  asked: AskedDates,
  durationMinutes: number | undefined,
  now: number,
): MarkedSlot[] {
  const { therapist, sessionType } = calendar;
  const first = asked.firstMs ?? today(therapist.timeZone, now);
  const last = asked.lastMs ?? first + (DEFAULT_DAYS - 1) * DAY_MS;
  const window = daysWindow(therapist.timeZone, 'end_date', first, last);
  const minutes = durationMinutes ?? therapist.durationsMinutes[0] ?? 50;
  const isOffered =
    therapist.sessionTypes.includes(sessionType) && therapist.durationsMinutes.includes(minutes);
  if (!isOffered) return [];
  const durationMs = minutes * MINUTE_MS;
  return markSlots({
    ...bookingRules(calendar, now),
    clientBusy,
    window,
    durationMs,
    grid: gridFor(durationMs),
  });
}

function present(
  { therapist, sessionType }: TherapistCalendar,
  slots: readonly MarkedSlot[],
): Record<string, unknown> {
  const zone = therapist.timeZone;
  const days = [...byLocalDate(slots, zone)].map(([date, ofDay]) => [
    date,
    ofDay.map((slot) => ({
      start_time: localTimeOf(zone, slot.startMs),
      end_time: localTimeOf(zone, slot.endMs),
      starts_at: writeInstant(slot.startMs),
      available: slot.isAvailable,
      session_type: sessionType,
      ...(slot.isAvailable ? {} : { reason: slot.reason }),
    })),
  ]);
  return {
    therapist_id: therapist.id,
    timezone: zone,
    availability: Object.fromEntries(days) as Record<string, unknown>,
  };
}
