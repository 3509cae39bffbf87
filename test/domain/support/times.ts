import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';

export const HOUR_MS = 3_600_000;

/** Zones west and east, with half-hour and 45-minute offsets, midnight changes and a skipped day. */
export const ZONES = [
  'UTC',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Pacific/Pago_Pago',
  'Europe/Berlin',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Pacific/Apia',
] as const;

export const zoneArbitrary = fc.constantFrom(...ZONES);

const FIRST_MS = Date.UTC(2005, 0, 1);
const LAST_MS = Date.UTC(2035, 0, 1);

/** A zone and an instant, every other time within two days of a change of the zone's offset. */
export const zonedInstantArbitrary = fc
  .record({
    zone: zoneArbitrary,
    anywhereMs: fc.integer({ min: FIRST_MS, max: LAST_MS }),
    isNearChange: fc.boolean(),
    byMs: fc.integer({ min: -48 * HOUR_MS, max: 48 * HOUR_MS }),
  })
  .map(({ zone, anywhereMs, isNearChange, byMs }) => {
    const change = Temporal.Instant.fromEpochMilliseconds(anywhereMs)
      .toZonedDateTimeISO(zone)
      .getTimeZoneTransition('next');
    const baseMs = isNearChange && change ? change.epochMilliseconds : anywhereMs;
    return { zone, instantMs: baseMs + byMs };
  });

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The wall reading by the platform's own formatter, which shares no code with the product's. */
export function wallByIntl(zone: string, instantMs: number): number {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  clocks.set(zone, clock);
  const part = Object.fromEntries(clock.formatToParts(instantMs).map((p) => [p.type, p.value]));
  const [year, month, day] = [part['year'], part['month'], part['day']].map(Number);
  const [hour, minute, second] = [part['hour'], part['minute'], part['second']].map(Number);
  return Date.UTC(year ?? NaN, (month ?? NaN) - 1, day, hour, minute, second);
}
