import { freeTime, startWindow } from './free-time.ts';
import { intersect, normalise } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { DAY_MS, MINUTE_MS, dayStretches } from './local-time.ts';
import { HALF_HOUR_GRID, gridCells } from './slot-grid.ts';
import type { Grid } from './slot-grid.ts';
import type { BookingRules } from './slots.ts';

/** A free start with every asked duration that fits there, ascending. */
export interface StartWithDurations {
  readonly startMs: number;
  readonly durationsMs: readonly number[];
}

export interface DaySearch {
  /** The local day in the therapist's zone, as the wall reading of its midnight. */
  readonly dayMs: number;
  /** Default: {@link STANDARD_DURATIONS_MS}. */
  readonly durationsMs?: readonly number[];
  /** Default: {@link HALF_HOUR_GRID}. A start does not depend on what was booked before it. */
  readonly grid?: Extract<Grid, { kind: 'wall' }>;
}

/** Half an hour to two hours in half hours. */
export const STANDARD_DURATIONS_MS: readonly number[] = [30, 60, 90, 120].map(
  (minutes) => minutes * MINUTE_MS,
);

/**
 * The starts of one local day with all durations that fit there, in one walk over the free time.
 * A session may run past midnight where the working hours do.
 */
export function slotsWithDurations(rules: BookingRules, search: DaySearch): StartWithDurations[] {
  const durationsMs = [...new Set(search.durationsMs ?? STANDARD_DURATIONS_MS)]
    .filter((durationMs) => durationMs > 0)
    .toSorted((a, b) => a - b);
  const shortestMs = durationsMs[0] ?? 0;
  const longestMs = durationsMs.at(-1) ?? 0;
  const grid = search.grid ?? HALF_HOUR_GRID;
  const cell = { zone: rules.schedule.zone, durationMs: shortestMs, claimMs: shortestMs };
  const starts: StartWithDurations[] = [];
  const days = dayStretches(rules.schedule.zone, search.dayMs);
  for (const window of intersect(days, normalise([startWindow(rules)]))) {
    for (const free of freeTime(rules, { ...window, endMs: window.endMs + longestMs })) {
      for (const { startMs } of gridCells(grid, cell, [free], window)) {
        const fitting = durationsMs.filter((lengthMs) => startMs + lengthMs <= free.endMs);
        starts.push({ startMs, durationsMs: fitting });
      }
    }
  }
  return starts;
}

/** The claims that {@link slotsWithDurations} has to know, whatever the therapist's zone is. */
export function dayClaimWindow(
  { dayMs, durationsMs = STANDARD_DURATIONS_MS }: DaySearch,
  maxBufferMs: number,
): Interval {
  // Zones lie within a day of UTC, and a day has up to 25 hours.
  return {
    startMs: dayMs - DAY_MS - maxBufferMs,
    endMs: dayMs + 3 * DAY_MS + Math.max(0, ...durationsMs) + maxBufferMs,
  };
}
