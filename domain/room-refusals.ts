import type { ErrorCode } from './errors.ts';
import type { RoomEvent, RoomState } from './room-state.ts';

/** Why a room refuses what somebody wants, in words for them. */
export function whyRefused(state: RoomState, { type }: RoomEvent, code: ErrorCode): string {
  if (state.isClosed) return 'The session is over.';
  return (
    (type === 'connect' ? atTheDoor(state, code) : INSIDE[code]) ?? 'The room does not allow it.'
  );
}

function atTheDoor({ isLocked }: RoomState, code: ErrorCode): string | undefined {
  if (code === 'wrong_state') return isLocked ? LOCKED : 'The session is over.';
  return AT_THE_DOOR[code];
}

const LOCKED = 'The host has locked the room. You can come in as soon as it is unlocked.';

const AT_THE_DOOR: Readonly<Partial<Record<ErrorCode, string>>> = {
  forbidden: 'You were removed from this room. Only its host can let you in again.',
  too_soon: 'The room is not open yet.',
  refused_by_rule: 'The room is full.',
};

const INSIDE: Readonly<Partial<Record<ErrorCode, string>>> = {
  forbidden: 'Your part in this room does not allow it.',
  not_found: 'They are not here any more, or the breakout room has ended.',
  refused_by_rule: 'The room is full.',
};
