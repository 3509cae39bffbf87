import { workingHours } from './availability.ts';
import type { Hours, Schedule } from './availability.ts';
import type { ErrorCode } from './errors.ts';
import { freeTime, startWindow } from './free-time.ts';
import { covers, firstEndingAfter, normalise, overlapsAny } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { localDateOf, startOfDay, startOfWallDay, wallMsAt } from './local-time.ts';
import { HALF_HOUR_GRID, gridCells } from './slot-grid.ts';
import type { Grid } from './slot-grid.ts';

export { HALF_HOUR_GRID } from './slot-grid.ts';
export type { Grid } from './slot-grid.ts';

/** A time that a session could take; its buffers are not part of it. */
export type Slot = Interval;

export interface Buffers {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** What decides whether one therapist can take a session at some time. */
export interface BookingRules {
  readonly schedule: Schedule;
  /** The therapist's active claims as stored, buffers included; in any order. */
  readonly busy: readonly Interval[];
  /** The client's active claims, where a client is known; in any order. */
  readonly clientBusy?: readonly Interval[];
  /** What the new session's own claim takes around it; must be free, but not working hours. */
  readonly buffers: Buffers;
  readonly now: number;
  readonly minimumNoticeMs: number;
  /** A session may start up to this long from now. */
  readonly horizonMs: number;
}

export interface SlotSearch extends BookingRules {
  /** Slots start within it; they may end after it. */
  readonly window: Interval;
  readonly durationMs: number;
  /** Default: {@link HALF_HOUR_GRID}. */
  readonly grid?: Grid;
  /** Stop after so many free slots. */
  readonly limit?: number;
}

export type UnavailableReason = 'booked' | 'client_busy' | 'time_off' | 'notice';

export type MarkedSlot =
  | (Slot & { readonly isAvailable: true })
  | (Slot & { readonly isAvailable: false; readonly reason: UnavailableReason });

export type BookingRefusal = Extract<
  ErrorCode,
  | 'invalid_time'
  | 'time_in_past'
  | 'too_soon'
  | 'outside_availability'
  | 'therapist_unavailable'
  | 'slot_unavailable'
  | 'client_unavailable'
>;

export type Bookability =
  { readonly kind: 'bookable' } | { readonly kind: 'refused'; readonly code: BookingRefusal };

/** The stretch whose claims a search has to know: ask the database for these. */
export function claimWindow(
  search: Pick<SlotSearch, 'window' | 'durationMs' | 'buffers'>,
): Interval {
  return {
    startMs: search.window.startMs - search.buffers.beforeMs,
    endMs: search.window.endMs + search.durationMs + search.buffers.afterMs,
  };
}

/** What a session claims of its therapist's time: itself with its buffers. */
export function withBuffers(slot: Slot, buffers: Buffers): Interval {
  return { startMs: slot.startMs - buffers.beforeMs, endMs: slot.endMs + buffers.afterMs };
}

/** Free slots in the order of their starts. Linear in slots and claims, once those are sorted. */
export function findSlots(search: SlotSearch): Slot[] {
  const limit = search.limit ?? Infinity;
  const slots: Slot[] = [];
  if (limit <= 0) return slots;
  for (const slot of freeCells(search, search.grid ?? HALF_HOUR_GRID)) {
    slots.push(slot);
    if (slots.length >= limit) break;
  }
  return slots;
}

function* freeCells(search: SlotSearch, grid: Grid): Generator<Slot> {
  const { window, durationMs, schedule } = search;
  const allowed = startWindow(search);
  const startMs = Math.max(window.startMs, allowed.startMs);
  const endMs = Math.min(window.endMs, allowed.endMs);
  if (!(startMs < endMs)) return;
  if (grid.kind === 'wall') {
    // A wall grid does not depend on where working hours begin, so that free time will do.
    const free = freeTime(search, { startMs, endMs: endMs + durationMs });
    const cell = { zone: schedule.zone, durationMs, claimMs: durationMs };
    yield* gridCells(grid, cell, free, { startMs, endMs });
    return;
  }
  for (const { slot, reason } of judgedCells(search, startMs)) if (reason === null) yield slot;
}

/**
 * Every grid cell of the regular hours, free or not, with the reason where it is not. Cells before
 * today (in the therapist's zone) and beyond the horizon are left out; today's past is `notice`.
 */
export function markSlots(search: SlotSearch): MarkedSlot[] {
  const today = startOfLocalDay(search.schedule.zone, search.now);
  const marked: MarkedSlot[] = [];
  for (const { slot, reason } of judgedCells(search, Math.max(search.window.startMs, today))) {
    marked.push(
      reason === null ? { ...slot, isAvailable: true } : { ...slot, isAvailable: false, reason },
    );
  }
  return marked;
}

interface JudgedCell {
  readonly slot: Slot;
  readonly reason: UnavailableReason | null;
}

function* judgedCells(search: SlotSearch, startMs: number): Generator<JudgedCell> {
  const { schedule, window, durationMs, buffers, now } = search;
  const endMs = Math.min(window.endMs, startWindow(search).endMs);
  if (!(startMs < endMs)) return;
  const fromMs = startOfLocalDay(schedule.zone, startMs);
  const { open, off } = workingHours(schedule, fromMs, endMs + durationMs);
  const regular = off.length === 0 ? open : normalise([...open, ...off]);
  const isOff = sweep(off);
  const isBooked = sweep(normalise(search.busy));
  const isClientBusy = sweep(normalise(search.clientBusy ?? []));
  const claimMs = buffers.beforeMs + durationMs + buffers.afterMs;
  const cell = { zone: schedule.zone, durationMs, claimMs };
  for (const slot of gridCells(search.grid ?? HALF_HOUR_GRID, cell, regular, { startMs, endMs })) {
    let reason: UnavailableReason | null = null;
    if (slot.startMs < now + search.minimumNoticeMs) reason = 'notice';
    else if (isOff(slot)) reason = 'time_off';
    else if (isBooked(withBuffers(slot, buffers))) reason = 'booked';
    else if (isClientBusy(slot)) reason = 'client_busy';
    yield { slot, reason };
  }
}

function startOfLocalDay(zone: string, instantMs: number): number {
  return startOfDay(zone, startOfWallDay(wallMsAt(zone, instantMs)));
}

/**
 * A check against a normalised list that must be asked in the order of starts: it walks the list
 * along once instead of searching it for each slot.
 */
function sweep(list: readonly Interval[]): (interval: Interval) => boolean {
  let next = -1;
  return (interval) => {
    if (next === -1) next = firstEndingAfter(list, interval.startMs);
    let at = list[next];
    while (at !== undefined && at.endMs <= interval.startMs) at = list[++next];
    return at !== undefined && at.startMs < interval.endMs;
  };
}

/**
 * Whether one requested time can be booked, and if not, the first rule that it breaks. The grid
 * is a proposal, not a rule: any minute within working hours will do.
 */
export function isBookable(slot: Slot, rules: BookingRules): Bookability {
  const code = refusalOf(slot, rules);
  return code === null ? { kind: 'bookable' } : { kind: 'refused', code };
}

function refusalOf(slot: Slot, rules: BookingRules): BookingRefusal | null {
  const { now, minimumNoticeMs, horizonMs } = rules;
  if (!(slot.startMs < slot.endMs)) return 'invalid_time';
  if (slot.startMs < now) return 'time_in_past';
  if (slot.startMs < now + minimumNoticeMs) return 'too_soon';
  if (slot.startMs > now + horizonMs) return 'outside_availability';
  const hours = workingHours(rules.schedule, slot.startMs, slot.endMs);
  if (!covers(hours.open, slot)) return outsideCode(slot, hours);
  const claim = withBuffers(slot, rules.buffers);
  if (overlapsAny(normalise(rules.busy), claim)) return 'slot_unavailable';
  if (overlapsAny(normalise(rules.clientBusy ?? []), slot)) return 'client_unavailable';
  return null;
}

function outsideCode(slot: Slot, hours: Hours): BookingRefusal {
  const regular = normalise([...hours.open, ...hours.off]);
  return covers(regular, slot) ? 'therapist_unavailable' : 'outside_availability';
}

/** The `count` slots that start nearest to the wanted instant, in the order of their starts. */
export function alternatives(
  slots: readonly Slot[],
  wantedStartMs: number,
  count: number,
): readonly Slot[] {
  let low = slots.findIndex(({ startMs }) => startMs >= wantedStartMs);
  if (low === -1) low = slots.length;
  let high = low;
  while (high - low < count && (low > 0 || high < slots.length)) {
    const before = slots[low - 1];
    const after = slots[high];
    const isBeforeNearer =
      before !== undefined &&
      (after === undefined || wantedStartMs - before.startMs <= after.startMs - wantedStartMs);
    if (isBeforeNearer) low -= 1;
    else high += 1;
  }
  return slots.slice(low, high);
}

/** Slots by the local date of their start, dates and slots in order. */
export function byLocalDate<T extends Slot>(slots: readonly T[], zone: string): Map<string, T[]> {
  const days = new Map<string, T[]>();
  for (const slot of slots) {
    const date = localDateOf(zone, slot.startMs);
    const day = days.get(date);
    if (day === undefined) days.set(date, [slot]);
    else day.push(slot);
  }
  return days;
}
