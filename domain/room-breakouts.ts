import { around, occupantsOf } from './room-reach.ts';
import { actingHost } from './room-powers.ts';
import type { Occupant, RoomCommand, RoomEffect, RoomState, RoomStep } from './room-state.ts';
import { change, nothing, refuse, withOccupant } from './room-steps.ts';

type Command<T extends RoomCommand['type']> = Extract<RoomCommand, { type: T }>;

/**
 * Begins breakouts in the place of those that there are; whoever is in none stays in the main room.
 * Who is not inside yet comes into theirs when they are.
 */
export function createBreakouts(
  state: RoomState,
  { by, rooms, durationMs }: Command<'create_breakouts'>,
  now: number,
): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  const chosen = rooms.flatMap(({ id, personIds }) => personIds.map((each) => [each, id] as const));
  const isTwice = new Set(chosen.map(([personId]) => personId)).size < chosen.length;
  const isSameId = new Set(rooms.map(({ id }) => id)).size < rooms.length;
  if (rooms.length === 0 || isTwice || isSameId) return refuse(state, 'malformed_request');
  const isInside = (personId: string): boolean => state.occupants[personId]?.place === 'inside';
  const awaited = Object.fromEntries(chosen.filter(([personId]) => !isInside(personId)));
  const named = Object.fromEntries(rooms.map(({ id, name }) => [id, { name }]));
  const endsAt = durationMs === null ? null : now + durationMs;
  const places = Object.fromEntries(chosen);
  return rearranged(
    { ...state, breakouts: { rooms: named, endsAt, awaited } },
    ({ personId }) => places[personId] ?? null,
    state,
  );
}

/** Moves one person; a host moves themselves this way, too. */
export function assign(
  state: RoomState,
  { by, personId, breakoutId }: Command<'assign_breakout'>,
): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  const person = state.occupants[personId];
  const isThere = breakoutId === null || state.breakouts?.rooms[breakoutId] !== undefined;
  if (!isThere) return refuse(state, 'not_found');
  if (person?.place !== 'inside') return awaitIn(state, personId, breakoutId);
  return rearranged(
    state,
    (each) => (each.personId === personId ? breakoutId : each.breakoutId),
    state,
  );
}

/** Somebody who is not inside yet will come into this breakout; null: into the main room. */
function awaitIn(state: RoomState, personId: string, breakoutId: string | null): RoomStep {
  if (state.breakouts === null) return refuse(state, 'not_found');
  const { [personId]: _before, ...others } = state.breakouts.awaited ?? {};
  const awaited = breakoutId === null ? others : { ...others, [personId]: breakoutId };
  return change({ ...state, breakouts: { ...state.breakouts, awaited } }, []);
}

/** Everybody comes back. */
export function endBreakouts(state: RoomState): RoomStep {
  if (state.breakouts === null) return nothing(state);
  return rearranged({ ...state, breakouts: null }, () => null, state);
}

/** A host's words to everybody inside, whichever breakout they are in. */
export function broadcast(state: RoomState, { by, text }: Command<'broadcast'>): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  const to = occupantsOf(state)
    .filter(({ place, personId }) => place === 'inside' && personId !== by)
    .map(({ personId }) => personId);
  return change(state, [{ kind: 'tell', to, news: { event: 'broadcast', text } }]);
}

/** Puts everybody where they belong, and tells each what changed around them: no more, no less. */
function rearranged(
  state: RoomState,
  placeOf: (person: Occupant) => string | null,
  before: RoomState,
): RoomStep {
  const inside = occupantsOf(state).filter(({ place }) => place === 'inside');
  const moving = inside.filter((person) => placeOf(person) !== person.breakoutId);
  const next = moving.reduce(
    (now, person) => withOccupant(now, { ...person, breakoutId: placeOf(person) }),
    state,
  );
  const effects: RoomEffect[] = [{ kind: 'reroute' }];
  for (const { personId } of moving) {
    const lost = around(before, personId).filter((id) => !around(next, personId).includes(id));
    const found = around(next, personId).filter((id) => !around(before, personId).includes(id));
    effects.push(moved(next, personId));
    effects.push({ kind: 'tell', to: lost, news: { event: 'peer-left', personId } });
    effects.push({ kind: 'tell', to: found, news: { event: 'peer-joined', personId } });
  }
  return change(next, effects);
}

function moved(state: RoomState, personId: string): RoomEffect {
  const breakoutId = state.occupants[personId]?.breakoutId ?? null;
  const breakout = breakoutId === null ? null : (state.breakouts?.rooms[breakoutId] ?? null);
  const news = {
    event: 'moved',
    breakoutId,
    name: breakout?.name ?? null,
    endsAt: breakout === null ? null : (state.breakouts?.endsAt ?? null),
  } as const;
  return { kind: 'tell', to: [personId], news };
}
