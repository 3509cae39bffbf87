import { HoldfastError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { MINUTE_MS, resolveWall } from './local-time.ts';
import { isIanaZone } from './time-zone.ts';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?([Zz]|[+-]\d{2}(?::?\d{2})?)?$/;
const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;

const FIRST_YEAR = 1900;
const LAST_YEAR = 2199;

export type ReadInstant =
  | { readonly kind: 'read'; readonly instantMs: number }
  | {
      readonly kind: 'refused';
      readonly code: Extract<ErrorCode, 'invalid_time' | 'nonexistent_local_time'>;
    };

const INVALID: ReadInstant = { kind: 'refused', code: 'invalid_time' };

/** A calendar date `YYYY-MM-DD` as the wall reading of its midnight, or null. */
export function readDate(text: string): number | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const year = Number(match[1]);
  if (year < FIRST_YEAR || year > LAST_YEAR) return null;
  const wallMs = Date.UTC(year, Number(match[2]) - 1, Number(match[3]));
  return new Date(wallMs).toISOString().startsWith(text) ? wallMs : null;
}

/** `2024-01-25` for a wall reading within that day. */
export function writeDate(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** `HH:MM` as minutes since midnight, or null. `24:00` is read where it ends a day. */
export function readTimeOfDay(text: string, role: 'start' | 'end' = 'start'): number | null {
  if (role === 'end' && text === '24:00') return 1440;
  const match = TIME_OF_DAY.exec(text);
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}

/** `HH:MM` for minutes since midnight, 0 to 1440. */
export function writeTimeOfDay(minute: number): string {
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * Reads an ISO 8601 date and time. With an offset it is an instant; without one it is local to
 * `zone`, and refused when no zone is given. A local time that clocks jump over is refused as
 * `nonexistent_local_time`; of one that occurs twice the earlier instant is meant.
 */
export function readInstant(text: string, zone?: string): ReadInstant {
  const match = DATE_TIME.exec(text);
  if (match === null) return INVALID;
  const dayMs = readDate(match[1] ?? '');
  const timeMs = millisecondsOfDay(match[2], match[3], match[4], match[5]);
  if (dayMs === null || timeMs === null) return INVALID;
  const offset = match[6];
  if (offset === undefined) return readLocal(dayMs + timeMs, zone);
  const offsetMs = readOffset(offset);
  return offsetMs === null ? INVALID : { kind: 'read', instantMs: dayMs + timeMs - offsetMs };
}

/** As {@link readInstant}, but throws `invalid_time` or `nonexistent_local_time`. */
export function parseInstant(text: string, zone?: string): number {
  const result = readInstant(text, zone);
  if (result.kind === 'read') return result.instantMs;
  throw new HoldfastError(
    result.code,
    result.code === 'nonexistent_local_time'
      ? 'Clocks are set forward over this local time; it does not exist'
      : 'A time must be ISO 8601, with an offset or local to a given IANA zone',
  );
}

function readLocal(wallMs: number, zone: string | undefined): ReadInstant {
  if (zone === undefined || !isIanaZone(zone)) return INVALID;
  const resolution = resolveWall(zone, wallMs);
  switch (resolution.kind) {
    case 'unique':
      return { kind: 'read', instantMs: resolution.instantMs };
    case 'overlap':
      return { kind: 'read', instantMs: resolution.earlierMs };
    case 'gap':
      return { kind: 'refused', code: 'nonexistent_local_time' };
  }
}

function millisecondsOfDay(
  hour: string | undefined,
  minute: string | undefined,
  second = '0',
  fraction = '',
): number | null {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const wholeMs = (Number(hour) * 60 + Number(minute)) * MINUTE_MS + Number(second) * 1000;
  return wholeMs + Number(fraction.padEnd(3, '0').slice(0, 3));
}

function readOffset(text: string): number | null {
  if (text === 'Z' || text === 'z') return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 23 || minutes > 59) return null;
  const offsetMs = (hours * 60 + minutes) * MINUTE_MS;
  return text.startsWith('-') ? -offsetMs : offsetMs;
}

const MAX_FORMATS = 1_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Date and time as a person in that zone would say it, with the zone's short name:
 * `Thursday, January 25, 2024 at 9:00 AM EST`. An unknown locale falls back to English.
 */
export function formatForHuman(instantMs: number, locale: string, zone: string): string {
  // Some locale data has narrow no-break spaces, which would double the price of an SMS.
  return formatFor(locale, zone)
    .format(instantMs)
    .replace(/[\u00a0\u202f]/g, ' ');
}

function formatFor(locale: string, zone: string): Intl.DateTimeFormat {
  const key = `${locale} ${zone}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const format = buildFormat(locale, zone);
  if (formats.size >= MAX_FORMATS) formats.clear();
  formats.set(key, format);
  return format;
}

function buildFormat(locale: string, zone: string): Intl.DateTimeFormat {
  const options: Intl.DateTimeFormatOptions = {
    timeZone: zone,
    weekday: 'long',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  };
  try {
    return new Intl.DateTimeFormat([locale, 'en-US'], options);
  } catch {
    return new Intl.DateTimeFormat('en-US', options);
  }
}
