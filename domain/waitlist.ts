import type { Interval } from './intervals.ts';
import { DAY_MS, MINUTE_MS, dayOfWeekOfWall, startOfWallDay, wallMsAt } from './local-time.ts';
import { type QuietHours, quietStretchAt } from './quiet-hours.ts';

/** What a waiting client would take, in their own zone. Dates are wall readings of midnights. */
export interface WishedTimes {
  readonly zone: string;
  /** First and last local day on which a session may start, both inclusive. */
  readonly fromDayMs: number;
  readonly untilDayMs: number;
  /** 0 is Sunday; null means any day. */
  readonly daysOfWeek: readonly number[] | null;
  /** The whole session lies between these minutes of its local day. */
  readonly startMinute: number;
  readonly endMinute: number;
  /** How much notice the client needs, ms. */
  readonly noticeMs: number;
}

/** Whether a free time is one that the client waits for, as a clock on their wall shows it. */
export function suitsWish(wish: WishedTimes, slot: Interval, now: number): boolean {
  if (slot.startMs - now < wish.noticeMs) return false;
  const startWallMs = wallMsAt(wish.zone, slot.startMs);
  const dayMs = startOfWallDay(startWallMs);
  if (dayMs < wish.fromDayMs || dayMs > wish.untilDayMs) return false;
  if (wish.daysOfWeek !== null && !wish.daysOfWeek.includes(dayOfWeekOfWall(dayMs))) return false;
  const startMinute = (startWallMs - dayMs) / MINUTE_MS;
  const endMinute = startMinute + (slot.endMs - slot.startMs) / MINUTE_MS;
  return startMinute >= wish.startMinute && endMinute <= wish.endMinute;
}

const OFFER_TTL_MS = 4 * 3_600_000;
const SHORTEST_OFFER_MS = 10 * MINUTE_MS;
/** A near slot is offered for this part of the time that is left to book it, so that others may have it yet. */
const SHARE_OF_TIME_LEFT = 4;

/**
 * Until when a freed slot is offered to one client, or null when there is too little time left.
 * `lastBookingAt` is the start less the notice that a booking needs. A client who is asleep by
 * their quiet hours has the whole time afterwards, where the slot is far enough away for it.
 */
export function offerDueAt(offer: {
  readonly now: number;
  readonly lastBookingAt: number;
  readonly zone: string;
  readonly quietHours: QuietHours | null;
}): number | null {
  const { now, lastBookingAt, quietHours, zone } = offer;
  const leftMs = lastBookingAt - now;
  if (leftMs < SHORTEST_OFFER_MS) return null;
  const fairMs = Math.max(SHORTEST_OFFER_MS, Math.floor(leftMs / SHARE_OF_TIME_LEFT));
  const quiet = quietHours === null ? null : quietStretchAt(quietHours, zone, now);
  const awakeAt = quiet === null || quiet.endMs - now > DAY_MS ? now : quiet.endMs;
  return Math.min(awakeAt + OFFER_TTL_MS, now + fairMs);
}
