import { type ErrorCode, HoldfastError } from '../../domain/errors.ts';
import type { Slot } from '../../domain/slots.ts';
import type { Call } from '../http/handler.ts';
import type { HoldWish } from './hold-wish.ts';
import { type SlotQuestion, slotRefusal } from './slot-check.ts';

/** Why one of the wanted times can't be had. */
export interface RefusedSlot {
  readonly slot: Slot;
  readonly code: ErrorCode;
}

const REASONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  slot_unavailable: 'The time is taken in the therapist’s calendar.',
  client_unavailable: 'The client has another session at this time.',
  outside_availability: 'The therapist does not work at this time.',
  therapist_unavailable: 'The therapist is away at this time.',
  time_in_past: 'The time lies in the past.',
  invalid_time: 'The times overlap each other, or end before they start.',
  booking_limit_exceeded: 'The client has as many sessions open as the clinic allows.',
};

export function questionOf(call: Call, wish: HoldWish): SlotQuestion {
  return {
    clinicId: call.principal.clinicId,
    therapistId: wish.therapistId,
    clientId: wish.clientId,
    door: 'scheduling',
    sessionType: wish.sessionType,
  };
}

/** One refused time comes with others that are free; of several, each refused one is named. */
export async function refuseSlots(
  call: Call,
  wish: HoldWish,
  refused: readonly RefusedSlot[],
  now: number,
): Promise<HoldfastError> {
  const [first] = refused as readonly [RefusedSlot, ...RefusedSlot[]];
  if (wish.slots.length > 1) return refuseOccurrences(wish.slots, refused);
  const isAboutTime = first.code !== 'booking_limit_exceeded';
  const { details } = isAboutTime
    ? await slotRefusal(call.deps, questionOf(call, wish), first.slot, first.code, now)
    : { details: {} };
  return new HoldfastError(first.code, reasonOf(first.code), details);
}

/** Nothing was booked; which of the times stood in the way, and why. */
export function refuseOccurrences(
  slots: readonly Slot[],
  refused: readonly RefusedSlot[],
): HoldfastError {
  const [first] = refused as readonly [RefusedSlot, ...RefusedSlot[]];
  const count = `${String(refused.length)} of ${String(slots.length)} times cannot be had`;
  return new HoldfastError(first.code, `${count}; nothing was booked. ${reasonOf(first.code)}`, {
    refusedSlots: refused.map(({ slot, code }) => ({
      ...slot,
      index: slots.findIndex(({ startMs }) => startMs === slot.startMs),
      code,
      reason: reasonOf(code),
    })),
  });
}

function reasonOf(code: ErrorCode): string {
  return REASONS[code] ?? 'This time cannot be booked.';
}
