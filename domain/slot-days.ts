import type { Interval } from './intervals.ts';
import { DAY_MS, dayOfWeekOfWall, localDateOf, startOfWallDay, wallMsAt } from './local-time.ts';

/** So far ahead a day's slots may be watched, and are told of when a weekly rule changes. */
export const WATCHED_DAYS = 200;

/** The dates in `zone` that a stretch of time touches. */
export function datesTouched(zone: string, { startMs, endMs }: Interval): string[] {
  const last = Math.max(startMs, endMs - 1);
  return datesBetween(localDateOf(zone, startMs), localDateOf(zone, last));
}

/** The dates from `first` to `last`, both included. */
export function datesBetween(first: string, last: string): string[] {
  const [from, to] = [Date.parse(first), Date.parse(last)];
  const count = Math.floor((to - from) / DAY_MS) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => dateOf(from + at * DAY_MS));
}

/** The dates that may be watched at `now`, yesterday included; of one weekday only if it is given. */
export function watchedDates(zone: string, now: number, dayOfWeek: number | null): string[] {
  const today = startOfWallDay(wallMsAt(zone, now));
  const days = Array.from({ length: WATCHED_DAYS + 1 }, (_, at) => today + (at - 1) * DAY_MS);
  return days
    .filter((day) => dayOfWeek === null || dayOfWeekOfWall(day) === dayOfWeek)
    .map((day) => dateOf(day));
}

function dateOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}
