import {
  type CalendarQuestion,
  type TherapistCalendar,
  MAX_BUFFER_MS,
  bookingRules,
  findBusy,
  findCalendar,
  gridFor,
} from '../../db/availability.ts';
import { type ErrorCode, HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import {
  type BookingRules,
  type Slot,
  alternatives,
  findSlots,
  isBookable,
} from '../../domain/slots.ts';
import type { ApiDeps } from '../context.ts';
import { DAY_MS } from '../../domain/local-time.ts';

const ALTERNATIVES = 5;

const REASONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  slot_unavailable: 'This time slot is no longer available.',
  client_unavailable: 'You already have a session at this time.',
  outside_availability: 'The therapist does not work at this time.',
  therapist_unavailable: 'The therapist is away at this time.',
  time_in_past: 'The time lies in the past.',
  too_soon: 'The therapist needs more notice than that.',
  invalid_time: 'The session must end after it starts.',
};

export interface SlotQuestion extends Omit<CalendarQuestion, 'window'> {
  /** Whose calendar alternatives must fit as well; null for a group. */
  readonly clientId: string | null;
}

/** The calendar around one wanted slot, buffers included; null where there is no such therapist. */
export function calendarAround(
  deps: ApiDeps,
  question: SlotQuestion,
  slot: Slot,
): Promise<TherapistCalendar | null> {
  return findCalendar(deps.knex, { ...question, window: widened(slot, MAX_BUFFER_MS) });
}

export function widened(slot: Slot, byMs: number): Interval {
  return { startMs: slot.startMs - byMs, endMs: slot.endMs + byMs };
}

/** Throws the refusal with the nearest free slots when this one can't be booked. */
export async function assertBookable(
  deps: ApiDeps,
  question: SlotQuestion,
  slot: Slot,
  rules: BookingRules,
): Promise<void> {
  const verdict = isBookable(slot, rules);
  if (verdict.kind === 'refused')
    throw await slotRefusal(deps, question, slot, verdict.code, rules.now);
}

/** A refusal of a slot, with alternatives where others would help. */
export async function slotRefusal(
  deps: ApiDeps,
  question: SlotQuestion,
  slot: Slot,
  code: ErrorCode,
  now: number,
): Promise<HoldfastError> {
  const isPast = code === 'time_in_past' || code === 'invalid_time';
  const slots = isPast ? [] : await slotsNear(deps, question, slot, now);
  return new HoldfastError(code, REASONS[code] ?? 'This time cannot be booked.', {
    alternativeSlots: slots,
  });
}

/** Free slots of the same length nearest to the wanted one, within a week of it. */
async function slotsNear(
  deps: ApiDeps,
  question: SlotQuestion,
  slot: Slot,
  now: number,
): Promise<readonly Slot[]> {
  const window = widened(slot, 7 * DAY_MS);
  const { clientId } = question;
  const [calendar, clientBusy] = await Promise.all([
    findCalendar(deps.knex, { ...question, window }),
    clientId === null ? [] : findBusy(deps.knex, clientId, window),
  ]);
  if (calendar === null) return [];
  const durationMs = slot.endMs - slot.startMs;
  const slots = findSlots({
    ...bookingRules(calendar, now),
    clientBusy,
    window: { startMs: Math.max(window.startMs, now), endMs: window.endMs },
    durationMs,
    grid: gridFor(durationMs),
  });
  return alternatives(slots, slot.startMs, ALTERNATIVES);
}
