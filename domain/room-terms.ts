import type { Plan } from './plan.ts';
import type { RoomMode, RoomPolicy } from './room-state.ts';

/** What a session says of its room. */
export interface RoomTerms {
  readonly door: string;
  readonly format: 'video' | 'audio' | 'chat' | 'in_person';
  readonly plan: Plan;
  /** Epoch ms. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** Seats beside the host's. */
  readonly seats: number;
  /** The host has opened the waiting room by hand, ahead of the plan. */
  readonly isOpened: boolean;
}

/** Whoever loses every connection keeps their place for so long. */
export const ROOM_GRACE_MS = 30_000;
/** Those who only watch have places of their own. */
const MAX_OBSERVERS = 10;

/** Why a session has no room, or null. */
export function roomless({ format, plan }: Pick<RoomTerms, 'format' | 'plan'>): string | null {
  if (format === 'in_person') return 'The session takes place in person.';
  return plan.room === null ? 'The session has no room.' : null;
}

/**
 * The rules of a session's room. Somebody in a crisis waits for nobody and for no time: their room is
 * open at once.
 */
export function roomPolicyOf(terms: RoomTerms): RoomPolicy {
  const { door, format, plan, startsAt, endsAt, seats, isOpened } = terms;
  const { opensBeforeStartMs, closesAfterEndMs, hasWaitingRoom, isChatShownToLater } = {
    opensBeforeStartMs: 0,
    closesAfterEndMs: 0,
    hasWaitingRoom: true,
    isChatShownToLater: true,
    ...plan.room,
  };
  const isCrisis = door === 'crisis';
  return {
    mode: modeOf(format),
    capacity: seats + 1,
    maxObservers: MAX_OBSERVERS,
    hasWaitingRoom: hasWaitingRoom && !isCrisis,
    opensAt: isCrisis || isOpened ? 0 : startsAt - opensBeforeStartMs,
    closesAt: endsAt + closesAfterEndMs,
    graceMs: ROOM_GRACE_MS,
    isChatShownToLater,
  };
}

export function modeOf(format: RoomTerms['format']): RoomMode {
  return format === 'video' || format === 'audio' ? format : 'text';
}

export function formatOf(mode: RoomMode): Exclude<RoomTerms['format'], 'in_person'> {
  return mode === 'text' ? 'chat' : mode;
}
