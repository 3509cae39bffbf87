import type { ErrorCode } from './errors.ts';
import { around, hostIds, occupantsOf } from './room-reach.ts';
import type {
  CloseReason,
  Occupant,
  RoomEffect,
  RoomRole,
  RoomState,
  RoomStep,
} from './room-state.ts';

export function change(state: RoomState, effects: readonly RoomEffect[]): RoomStep {
  const heard = effects.filter((effect) => effect.kind !== 'tell' || effect.to.length > 0);
  return { state, effects: heard, refused: null };
}

export function nothing(state: RoomState): RoomStep {
  return { state, effects: [], refused: null };
}

export function refuse(state: RoomState, code: ErrorCode): RoomStep {
  return { state, effects: [], refused: code };
}

export function presence(
  { personId, role, awaySince }: Occupant,
  edge: 'waiting' | 'joined' | 'left',
): RoomEffect {
  return { kind: 'presence', personId, role, edge, since: edge === 'left' ? awaySince : null };
}

export function withOccupant(state: RoomState, person: Occupant): RoomState {
  return { ...state, occupants: { ...state.occupants, [person.personId]: person } };
}

export function withRole(
  state: RoomState,
  { personId, role }: { readonly personId: string; readonly role: RoomRole },
): RoomState {
  return { ...state, roles: { ...state.roles, [personId]: role } };
}

export function withRemoval(state: RoomState, personId: string): RoomState {
  const admittedIds = state.admittedIds.filter((id) => id !== personId);
  const removedIds = [...state.removedIds.filter((id) => id !== personId), personId];
  return { ...state, admittedIds, removedIds };
}

/** Somebody comes in, new or from the waiting room: where a host wants them, else into the main room. */
export function placed(before: RoomState, person: Occupant): RoomStep {
  const { personId } = person;
  const { state, breakoutId } = placeFor(before, personId);
  const admittedIds = state.admittedIds.includes(personId)
    ? state.admittedIds
    : [...state.admittedIds, personId];
  const inside = { ...person, place: 'inside', breakoutId } as const;
  const next = withOccupant({ ...state, admittedIds }, inside);
  return change(next, [
    presence(person, 'joined'),
    { kind: 'tell', to: [personId], news: { event: 'admitted' } },
    { kind: 'tell', to: around(next, personId), news: { event: 'peer-joined', personId } },
    { kind: 'reroute' },
  ]);
}

function placeFor(
  state: RoomState,
  personId: string,
): { readonly state: RoomState; readonly breakoutId: string | null } {
  const { [personId]: breakoutId, ...awaited } = state.breakouts?.awaited ?? {};
  if (state.breakouts === null || breakoutId === undefined) return { state, breakoutId: null };
  return { state: { ...state, breakouts: { ...state.breakouts, awaited } }, breakoutId };
}

/** Somebody is gone for good: those who saw them hear of it. */
export function withoutOccupant(state: RoomState, person: Occupant): RoomStep {
  const { personId } = person;
  const { [personId]: _gone, ...occupants } = state.occupants;
  const next = { ...state, occupants };
  const farewell: RoomEffect =
    person.place === 'inside'
      ? { kind: 'tell', to: around(state, personId), news: { event: 'peer-left', personId } }
      : {
          kind: 'tell',
          to: hostIds(next),
          news: { event: 'waiting', personId, isWaiting: false },
        };
  const { knockingIds = [] } = person;
  return change(next, [
    { kind: 'reroute' },
    presence(person, 'left'),
    farewell,
    ...(knockingIds.length > 0
      ? [{ kind: 'disconnect', connectionIds: knockingIds } as const]
      : []),
  ]);
}

/** Everybody is told and leaves; nothing happens in the room any more. */
export function closing(state: RoomState, reason: CloseReason): RoomStep {
  const people = occupantsOf(state);
  const next = { ...state, occupants: {}, breakouts: null, isClosed: true };
  const to = people.map(({ personId }) => personId);
  return change(next, [
    { kind: 'reroute' },
    { kind: 'tell', to, news: { event: 'room-closed', reason } },
    ...people.map((person) => presence(person, 'left')),
    {
      kind: 'disconnect',
      connectionIds: people.flatMap(({ connectionIds, knockingIds = [] }) => [
        ...connectionIds,
        ...knockingIds,
      ]),
    },
    { kind: 'close', reason },
  ]);
}
