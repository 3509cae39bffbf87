import {
  MAX_BUFFER_MS,
  type TherapistCalendar,
  bookingRules,
  findCalendar,
} from '../../db/availability.ts';
import { type ClientCalendar, clientCalendar } from '../../db/bookings.ts';
import { type ErrorCode, HoldfastError } from '../../domain/errors.ts';
import { type Interval, overlaps } from '../../domain/intervals.ts';
import type { Place } from '../../domain/series.ts';
import { type BookingRules, isBookable } from '../../domain/slots.ts';
import type { Call } from '../http/handler.ts';

/** Occurrences of series are booked at this door: their plan and their dialect are its. */
export const SERIES_DOOR = 'therapy';

export interface Calendars {
  readonly therapist: TherapistCalendar;
  readonly client: ClientCalendar;
}

export interface Parties {
  readonly therapistId: string;
  readonly clientId: string;
  readonly sessionType: string;
}

/** Both calendars around all times of a series. Throws `not_found` where the clinic has no such pair. */
export async function loadCalendars(
  call: Call,
  parties: Parties,
  stretch: Interval,
): Promise<Calendars> {
  const { clinicId } = call.principal;
  const window = {
    startMs: stretch.startMs - MAX_BUFFER_MS,
    endMs: stretch.endMs + MAX_BUFFER_MS,
  };
  const [therapist, client] = await Promise.all([
    findCalendar(call.deps.knex, { ...parties, clinicId, door: SERIES_DOOR, window }),
    clientCalendar(call.deps.knex, { ...parties, clinicId, onDayOf: window.startMs, window }),
  ]);
  if (therapist === null || !therapist.therapist.isVerified) {
    throw new HoldfastError('not_found', 'There is no such therapist.');
  }
  if (client === null || !client.isClient) {
    throw new HoldfastError('not_found', 'There is no such client.');
  }
  return { therapist, client };
}

/** One occurrence that can't be, and why. */
export interface RefusedPlace {
  readonly date: string;
  readonly startsAt: string;
  readonly code: ErrorCode;
}

export function refusedPlace(place: Place, code: ErrorCode): RefusedPlace {
  return { date: place.occursOn, startsAt: new Date(place.startMs).toISOString(), code };
}

export interface Judging {
  readonly calendars: Calendars;
  readonly now: number;
  /** What the series itself claims already is not in its way. */
  readonly own: readonly Interval[];
  /** The therapist's weekly hours don't count; time off and the two calendars do. */
  readonly ignoresAvailability: boolean;
  /** Who makes a series as a client needs the notice that a booking needs. */
  readonly byClient: boolean;
}

/** A series may reach further ahead than a single booking. */
const HORIZON_MS = 3 * 366 * 86_400_000;

/** Which times can't be taken, by the calendars as they were read. */
export function judgePlaces(places: readonly Place[], judging: Judging): RefusedPlace[] {
  const rules = rulesOf(judging);
  return places.flatMap((place) => {
    const verdict = isBookable(place, rules);
    if (verdict.kind === 'bookable') return [];
    const isOutsideHours = verdict.code === 'outside_availability';
    if (isOutsideHours && judging.ignoresAvailability) return busyOnly(place, rules);
    return [refusedPlace(place, verdict.code)];
  });
}

/** Outside hours the calendars still decide; the claims have the last word anyway. */
function busyOnly(place: Place, rules: BookingRules): RefusedPlace[] {
  const wanted = {
    startMs: place.startMs - rules.buffers.beforeMs,
    endMs: place.endMs + rules.buffers.afterMs,
  };
  if (rules.busy.some((each) => overlaps(each, wanted))) {
    return [refusedPlace(place, 'slot_unavailable')];
  }
  const isClientBusy = (rules.clientBusy ?? []).some((each) => overlaps(each, place));
  return isClientBusy ? [refusedPlace(place, 'client_unavailable')] : [];
}

function rulesOf({ calendars, now, own, byClient }: Judging): BookingRules {
  const rules = bookingRules(calendars.therapist, now);
  // Claims never collide, so what overlaps one's own claim is that claim.
  const others = (busy: readonly Interval[]): Interval[] =>
    busy.filter((stretch) => !own.some((claim) => overlaps(claim, stretch)));
  return {
    ...rules,
    busy: others(rules.busy),
    clientBusy: others(calendars.client.busy),
    minimumNoticeMs: byClient ? rules.minimumNoticeMs : 0,
    horizonMs: HORIZON_MS,
  };
}

/** Refuses the whole with every occurrence that can't be; nothing has changed. */
export function refuseAll(refused: readonly RefusedPlace[]): HoldfastError {
  const code = refused[0]?.code ?? 'slot_unavailable';
  const dates = refused.length === 1 ? 'One occurrence' : `${refused.length} occurrences`;
  return new HoldfastError(code, `${dates} cannot be booked; nothing was changed.`, {
    occurrences: refused,
  });
}
