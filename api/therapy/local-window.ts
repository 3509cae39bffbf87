import { HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import { DAY_MS, startOfDay, startOfWallDay, wallMsAt } from '../../domain/local-time.ts';
import { readDate } from '../../domain/time-text.ts';
import { normaliseZone } from '../../domain/time-zone.ts';

/** Slots are searched for so many days at once. */
export const MAX_DAYS = 62;

export function malformed(field: string, message: string): HoldfastError {
  return new HoldfastError('malformed_request', `${field} ${message}`, {
    fields: [{ field, message }],
  });
}

/** The zone's name in its usual spelling. Throws `malformed_request`. */
export function readZone(field: string, name: string): string {
  const zone = normaliseZone(name);
  if (zone === null) throw malformed(field, 'must be an IANA time zone, such as Europe/Berlin');
  return zone;
}

/** A date `YYYY-MM-DD` as the wall reading of its midnight. Throws `malformed_request`. */
export function readDay(field: string, text: string): number {
  const dayMs = readDate(text.trim());
  if (dayMs === null) throw malformed(field, 'must be a date, YYYY-MM-DD');
  return dayMs;
}

export function today(zone: string, now: number): number {
  return startOfWallDay(wallMsAt(zone, now));
}

/** The instants from the first to the last of some local days, both inclusive. */
export function daysWindow(zone: string, field: string, firstMs: number, lastMs: number): Interval {
  if (lastMs < firstMs) throw malformed(field, 'must not end before it begins');
  if (lastMs - firstMs >= MAX_DAYS * DAY_MS) {
    throw malformed(field, `must not span more than ${MAX_DAYS} days`);
  }
  return { startMs: startOfDay(zone, firstMs), endMs: startOfDay(zone, lastMs + DAY_MS) };
}

/** An instant as the published page writes it: `2024-01-25T14:00:00Z`. */
export function writeInstant(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z');
}
