import { workingHours } from './availability.ts';
import { containsInstant } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { DAY_MS } from './local-time.ts';

/**
 * Hours in which a person wants no message, every day in their own zone: minutes since local
 * midnight, the end exclusive. An end at or before the start lies on the next morning; equal
 * ones mean no quiet hours.
 */
export interface QuietHours {
  readonly startMinute: number;
  readonly endMinute: number;
}

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];

/** The whole quiet stretch that `instantMs` lies in, or null when the person may be reached. */
export function quietStretchAt(
  quiet: QuietHours,
  zone: string,
  instantMs: number,
): Interval | null {
  const rules = EVERY_DAY.flatMap((dayOfWeek) =>
    dailyRanges(quiet).map(([startMinute, endMinute]) => ({
      dayOfWeek,
      startMinute,
      endMinute,
      isAvailable: true,
    })),
  );
  const schedule = { zone, rules, exceptions: [] };
  const { open } = workingHours(schedule, instantMs - 2 * DAY_MS, instantMs + 2 * DAY_MS);
  return open.find((stretch) => containsInstant(stretch, instantMs)) ?? null;
}

function dailyRanges({ startMinute, endMinute }: QuietHours): [number, number][] {
  if (startMinute === endMinute) return [];
  if (startMinute < endMinute) return [[startMinute, endMinute]];
  return [
    [startMinute, 1440],
    [0, endMinute],
  ];
}

/**
 * Moves a message out of quiet hours: to their end when that is before `latestMs`, else to just
 * before they begin when that is after `earliestMs`; null when no allowed time is left.
 */
export function outsideQuietHours(
  quiet: QuietHours | null,
  zone: string,
  dueAtMs: number,
  limits: { readonly earliestMs: number; readonly latestMs: number },
): number | null {
  const stretch = quiet === null ? null : quietStretchAt(quiet, zone, dueAtMs);
  if (stretch === null) return dueAtMs;
  // A stretch this long has no end: the person is quiet round the clock.
  if (stretch.endMs - stretch.startMs >= 3 * DAY_MS) return null;
  if (stretch.endMs < limits.latestMs) return stretch.endMs;
  const beforeMs = stretch.startMs - 60_000;
  return beforeMs > limits.earliestMs ? beforeMs : null;
}

/** Whoever just went to bed is woken by less than whoever has slept for hours. */
const LITTLE_LATE_MS = 60 * 60_000;

/**
 * When a message that is about to go out may: now, or once quiet hours are over. Where they last
 * until it is of no use any more, one that was due within the last hour, while the person might still
 * be reached, is only late, and goes out now: late is better than never. Null for any other.
 */
export function allowedFrom(
  quiet: QuietHours | null,
  zone: string,
  dueAtMs: number,
  limits: { readonly nowMs: number; readonly latestMs: number },
): number | null {
  const { nowMs, latestMs } = limits;
  const allowedMs = outsideQuietHours(quiet, zone, nowMs, { earliestMs: nowMs, latestMs });
  if (allowedMs !== null || quiet === null) return allowedMs;
  const isLittleLate = nowMs - dueAtMs <= LITTLE_LATE_MS;
  return isLittleLate && quietStretchAt(quiet, zone, dueAtMs) === null ? nowMs : null;
}
