import { normalise } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { offsetMsAt, offsetSegments } from './time-zone.ts';

export { isIanaZone, normaliseZone, offsetMsAt } from './time-zone.ts';

/**
 * A wall reading is what a clock on the wall shows, written as the milliseconds that the same
 * reading would be in UTC: `Date.UTC(2024, 0, 25, 9)` is 9:00 on 25 January, in whichever zone.
 */
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/**
 * Which instant a wall reading means where clocks are set forward (it never occurs) or back
 * (it occurs twice). `compatible` takes the later one in a gap and the earlier one in an overlap,
 * as RFC 5545 does; `reject` takes neither.
 */
export type Disambiguation = 'earlier' | 'later' | 'compatible' | 'reject';

export type WallResolution =
  | { readonly kind: 'unique'; readonly instantMs: number }
  | { readonly kind: 'overlap'; readonly earlierMs: number; readonly laterMs: number }
  /** `resumesMs` is the instant at which the clocks jump over the reading. */
  | {
      readonly kind: 'gap';
      readonly earlierMs: number;
      readonly laterMs: number;
      readonly resumesMs: number;
    };

/** Everything that a wall reading can mean in a zone. */
export function resolveWall(zone: string, wallMs: number): WallResolution {
  // Offsets stay within a day of UTC, so two days around hold every candidate.
  const segments = offsetSegments(zone, wallMs - DAY_MS, wallMs + DAY_MS);
  const matches = segments.filter(({ startMs, endMs, offsetMs }) => {
    const instantMs = wallMs - offsetMs;
    return startMs <= instantMs && instantMs < endMs;
  });
  const [first, second] = matches.map(({ offsetMs }) => wallMs - offsetMs);
  if (first === undefined) return resolveGap(segments, wallMs);
  if (second === undefined) return { kind: 'unique', instantMs: first };
  return { kind: 'overlap', earlierMs: first, laterMs: second };
}

function resolveGap(
  segments: readonly { startMs: number; endMs: number; offsetMs: number }[],
  wallMs: number,
): WallResolution {
  const after = segments.findIndex(({ startMs, offsetMs }) => startMs + offsetMs > wallMs);
  const right = segments[after];
  const left = segments[after - 1];
  if (left === undefined || right === undefined) {
    throw new RangeError('A wall reading must be a finite number');
  }
  return {
    kind: 'gap',
    earlierMs: wallMs - right.offsetMs,
    laterMs: wallMs - left.offsetMs,
    resumesMs: right.startMs,
  };
}

/** The instant of a wall reading, or null where `reject` finds none or two. */
export function instantOfWall(
  zone: string,
  wallMs: number,
  disambiguation: Disambiguation,
): number | null {
  const resolution = resolveWall(zone, wallMs);
  if (resolution.kind === 'unique') return resolution.instantMs;
  if (disambiguation === 'reject') return null;
  if (disambiguation === 'earlier') return resolution.earlierMs;
  if (disambiguation === 'later') return resolution.laterMs;
  return resolution.kind === 'gap' ? resolution.laterMs : resolution.earlierMs;
}

export function wallMsAt(zone: string, instantMs: number): number {
  return instantMs + offsetMsAt(zone, instantMs);
}

/** 0 is Sunday, 6 Saturday. */
export function dayOfWeekOfWall(wallMs: number): number {
  // 1 January 1970 was a Thursday.
  return (((Math.floor(wallMs / DAY_MS) + 4) % 7) + 7) % 7;
}

export function startOfWallDay(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS) * DAY_MS;
}

/** `2024-01-25`: the date that a calendar in the zone shows at that instant. */
export function localDateOf(zone: string, instantMs: number): string {
  return new Date(wallMsAt(zone, instantMs)).toISOString().slice(0, 10);
}

/** `09:00`: the minute that a clock in the zone shows at that instant. */
export function localTimeOf(zone: string, instantMs: number): string {
  return new Date(wallMsAt(zone, instantMs)).toISOString().slice(11, 16);
}

/** Minutes since local midnight as the clock shows them, 0 to 1439. */
export function minuteOfDayAt(zone: string, instantMs: number): number {
  const wallMs = wallMsAt(zone, instantMs);
  return Math.floor((wallMs - startOfWallDay(wallMs)) / MINUTE_MS);
}

/** The first instant at which a clock in the zone shows a reading; where it skips it, the jump. */
export function firstInstantOf(zone: string, wallMs: number): number {
  const resolution = resolveWall(zone, wallMs);
  switch (resolution.kind) {
    case 'unique':
      return resolution.instantMs;
    case 'overlap':
      return resolution.earlierMs;
    case 'gap':
      return resolution.resumesMs;
  }
}

/** The first instant of a local day: after the jump where clocks skip midnight. */
export function startOfDay(zone: string, dayWallMs: number): number {
  return firstInstantOf(zone, dayWallMs);
}

/** All instants of a local day: 23, 24 or 25 hours, and none for a day that the zone skipped. */
export function dayBounds(zone: string, dayWallMs: number): Interval {
  return { startMs: startOfDay(zone, dayWallMs), endMs: startOfDay(zone, dayWallMs + DAY_MS) };
}

/**
 * When clocks in the zone show a date: as {@link dayBounds}, but in two stretches where clocks are
 * set back over midnight, so that the end of the day before comes once more between them.
 */
export function dayStretches(zone: string, dayWallMs: number): Interval[] {
  const segments = offsetSegments(zone, dayWallMs - DAY_MS, dayWallMs + 2 * DAY_MS);
  const days = segments.map(({ startMs, endMs, offsetMs }) => ({
    startMs: Math.max(startMs, dayWallMs - offsetMs),
    endMs: Math.min(endMs, dayWallMs + DAY_MS - offsetMs),
  }));
  return normalise(days);
}
