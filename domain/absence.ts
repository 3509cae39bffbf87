import { DAY_MS, minuteOfDayAt } from './local-time.ts';
import { type Slot, byLocalDate } from './slots.ts';

/** What a client may choose when their therapist is away. Instants are epoch ms. */
export type AbsenceChoice =
  | {
      readonly id: string;
      readonly kind: 'same_therapist' | 'comparable_therapist';
      readonly therapistId: string;
      readonly startsAt: number;
      readonly endsAt: number;
    }
  | { readonly id: string; readonly kind: 'refund' };

const ABSENCE_TTL_MS = DAY_MS;

/**
 * Until when a client chooses: a day, but no longer than half of what is left to the start, so that
 * the session is moved or cancelled before it would begin.
 */
export function absenceDueAt(now: number, startsAt: number): number {
  return now + Math.min(ABSENCE_TTL_MS, Math.max(0, Math.floor((startsAt - now) / 2)));
}

/**
 * One slot a day on the first `count` days that have any, each as near as may be to the time of
 * day at which the client used to come.
 */
export function usualTimes(
  slots: readonly Slot[],
  zone: string,
  wasAtMs: number,
  count: number,
): Slot[] {
  const wanted = minuteOfDayAt(zone, wasAtMs);
  const distance = ({ startMs }: Slot): number => Math.abs(minuteOfDayAt(zone, startMs) - wanted);
  return [...byLocalDate(slots, zone).values()]
    .slice(0, count)
    .map((ofDay) => ofDay.reduce((best, slot) => (distance(slot) < distance(best) ? slot : best)));
}
