import { knocking } from '../../../domain/room-door.ts';
import { around, isHost, occupantsOf } from '../../../domain/room-reach.ts';
import type { Occupant, RoomState } from '../../../domain/room-state.ts';

/** A room as one person in it is shown it: who is around them, and to hosts who waits. */
export function roomView(state: RoomState, personId: string): object {
  const person = state.occupants[personId];
  const { mode, closesAt } = state.policy;
  if (person === undefined || person.place === 'waiting') return viewFromDoor(state, personId);
  const { role, breakoutId } = person;
  const peers = around(state, personId).map((id) => shown(state.occupants[id]!));
  const breakout = breakoutId === null ? undefined : state.breakouts?.rooms[breakoutId];
  return {
    personId,
    place: 'inside',
    role,
    mode,
    closesAt,
    peers,
    breakout: breakout === undefined ? null : { id: breakoutId, name: breakout.name },
    breakoutEndsAt: state.breakouts?.endsAt ?? null,
    ...(isHost(role) ? hostView(state) : {}),
  };
}

/** All that somebody sees who was not let in yet. */
export function viewFromDoor({ policy: { mode, closesAt } }: RoomState, personId: string): object {
  return { personId, place: 'waiting', mode, closesAt };
}

/** What only hosts see: everybody, in whichever breakout, and those who wait. */
function hostView(state: RoomState): object {
  const all = occupantsOf(state);
  return {
    isLocked: state.isLocked,
    waiting: all.filter((each) => each.place === 'waiting' || knocking(each).length > 0).map(shown),
    everybody: all
      .filter(({ place }) => place === 'inside')
      .map((each) => ({ ...shown(each), breakoutId: each.breakoutId })),
    breakouts: Object.entries(state.breakouts?.rooms ?? {}).map(([id, { name }]) => ({ id, name })),
  };
}

function shown({ personId, name, role, awaySince }: Occupant): object {
  return { personId, name, role, isAway: awaySince !== null };
}
