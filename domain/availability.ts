import { intersect, normalise, subtract } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { DAY_MS, MINUTE_MS, dayOfWeekOfWall, startOfWallDay } from './local-time.ts';
import { readDate } from './time-text.ts';
import { offsetSegments } from './time-zone.ts';

/** Hours that come back every week, in the therapist's zone. Minutes since local midnight. */
export interface WeeklyRule {
  /** 0 is Sunday, 6 Saturday. */
  readonly dayOfWeek: number;
  readonly startMinute: number;
  /** Exclusive, up to 1440. */
  readonly endMinute: number;
  /** A rule that is switched off counts as absent; it does not block another one. */
  readonly isAvailable: boolean;
}

/**
 * A departure from the weekly hours, by inclusive local dates `YYYY-MM-DD`.
 * `time_off` is one absence, from `startMinute` on the first date to `endMinute` on the last;
 * `extra` opens `startMinute` to `endMinute` on each of the dates. Left out, the minutes mean
 * whole days. Time off wins over everything.
 */
export interface DateException {
  readonly kind: 'time_off' | 'extra';
  readonly startDate: string;
  readonly endDate: string;
  readonly startMinute?: number | null;
  readonly endMinute?: number | null;
}

export interface Schedule {
  readonly zone: string;
  readonly rules: readonly WeeklyRule[];
  readonly exceptions: readonly DateException[];
}

export interface Hours {
  /** When the therapist works. */
  readonly open: readonly Interval[];
  /** What would be working hours but for time off; never overlaps `open`. */
  readonly off: readonly Interval[];
}

/**
 * The working hours between two instants, each list ordered and merged. An instant is open when
 * the clock in the therapist's zone shows a reading that the rules open: so an hour that clocks
 * jump over is not offered, and one that they repeat is open both times.
 */
export function workingHours(schedule: Schedule, startMs: number, endMs: number): Hours {
  const segments = offsetSegments(schedule.zone, startMs, endMs);
  const timeOff = normalise(schedule.exceptions.flatMap(absence));
  const open: Interval[] = [];
  const off: Interval[] = [];
  for (const { startMs: from, endMs: to, offsetMs } of segments) {
    const wall = { startMs: from + offsetMs, endMs: to + offsetMs };
    const regular = regularHours(schedule, wall);
    open.push(...shift(subtract(regular, timeOff), -offsetMs));
    off.push(...shift(intersect(regular, timeOff), -offsetMs));
  }
  return { open: normalise(open), off: normalise(off) };
}

/** The open part of {@link workingHours}. */
export function openIntervals(schedule: Schedule, startMs: number, endMs: number): Interval[] {
  return [...workingHours(schedule, startMs, endMs).open];
}

/** When an absence keeps the therapist away, as instants; nothing for extra hours. */
export function awayIntervals(zone: string, exception: DateException): Interval[] {
  const [wall] = absence(exception);
  if (wall === undefined) return [];
  const segments = offsetSegments(zone, wall.startMs - DAY_MS, wall.endMs + DAY_MS);
  return normalise(
    segments.flatMap((segment) => intersect(shift([wall], -segment.offsetMs), [segment])),
  );
}

/** Weekly and extra hours as wall readings within `wall`, before any time off. */
function regularHours(schedule: Schedule, wall: Interval): Interval[] {
  const byDay = rulesByDay(schedule.rules);
  const hours: Interval[] = [];
  for (let dayMs = startOfWallDay(wall.startMs); dayMs < wall.endMs; dayMs += DAY_MS) {
    for (const { startMinute, endMinute } of byDay[dayOfWeekOfWall(dayMs)] ?? []) {
      hours.push(within(dayMs, startMinute, endMinute));
    }
  }
  for (const exception of schedule.exceptions) hours.push(...extraHours(exception, wall));
  return intersect(normalise(hours), [wall]);
}

function rulesByDay(rules: readonly WeeklyRule[]): WeeklyRule[][] {
  const byDay: WeeklyRule[][] = [[], [], [], [], [], [], []];
  for (const rule of rules) if (rule.isAvailable) byDay[rule.dayOfWeek]?.push(rule);
  return byDay;
}

function extraHours(exception: DateException, wall: Interval): Interval[] {
  const dates = datesOf(exception);
  if (exception.kind !== 'extra' || dates === null) return [];
  const firstMs = Math.max(dates.firstMs, startOfWallDay(wall.startMs));
  const hours: Interval[] = [];
  for (let dayMs = firstMs; dayMs <= dates.lastMs && dayMs < wall.endMs; dayMs += DAY_MS) {
    hours.push(within(dayMs, exception.startMinute ?? 0, exception.endMinute ?? 1440));
  }
  return hours;
}

function absence(exception: DateException): Interval[] {
  const dates = datesOf(exception);
  if (exception.kind !== 'time_off' || dates === null) return [];
  const startMs = dates.firstMs + (exception.startMinute ?? 0) * MINUTE_MS;
  return [{ startMs, endMs: dates.lastMs + (exception.endMinute ?? 1440) * MINUTE_MS }];
}

function datesOf(exception: DateException): { firstMs: number; lastMs: number } | null {
  const firstMs = readDate(exception.startDate);
  const lastMs = readDate(exception.endDate);
  return firstMs === null || lastMs === null ? null : { firstMs, lastMs };
}

function within(dayMs: number, startMinute: number, endMinute: number): Interval {
  return { startMs: dayMs + startMinute * MINUTE_MS, endMs: dayMs + endMinute * MINUTE_MS };
}

function shift(intervals: readonly Interval[], byMs: number): Interval[] {
  return intervals.map(({ startMs, endMs }) => ({ startMs: startMs + byMs, endMs: endMs + byMs }));
}
