import { knock, knocking, takenUp, unknock } from './room-door.ts';
import { around, occupantsOf } from './room-reach.ts';
import type { Occupant, RoomEvent, RoomState, RoomStep } from './room-state.ts';
import { change, nothing, withOccupant, withoutOccupant } from './room-steps.ts';

/* A person's connections: however many tabs, they are one person. */

/**
 * Another tab, or the same person again: they are where they were, as who they were. Whoever has signed
 * in goes before whoever came by the code, who may knock again.
 */
export function reconnect(
  state: RoomState,
  person: Occupant,
  { connectionId, isByCode = false }: Extract<RoomEvent, { type: 'connect' }>,
): RoomStep {
  const { personId, codeIds = [] } = person;
  if ([...person.connectionIds, ...knocking(person)].includes(connectionId)) return nothing(state);
  if (isByCode && person.connectionIds.length > 0) return knock(state, person, connectionId);
  const replaced = isByCode ? [] : codeIds;
  const staying = person.connectionIds.filter((id) => !replaced.includes(id));
  const next = withOccupant(state, {
    ...person,
    connectionIds: [...staying, connectionId],
    ...(isByCode || codeIds.length > 0 ? { codeIds: isByCode ? [connectionId] : [] } : {}),
    awaySince: null,
  });
  if (replaced.length > 0) return change(next, [{ kind: 'disconnect', connectionIds: replaced }]);
  if (person.awaySince === null) return change(next, []);
  return change(next, [
    { kind: 'tell', to: around(next, personId), news: { event: 'peer-back', personId } },
  ]);
}

export function disconnect(state: RoomState, connectionId: string, now: number): RoomStep {
  const knocker = knockerOf(state, connectionId);
  if (knocker !== null) return unknock(state, knocker, connectionId);
  const person = holderOf(state, connectionId);
  if (person === null) return nothing(state);
  const { personId } = person;
  const left = withoutTab(person, connectionId);
  const isLast = left.connectionIds.length === 0;
  if (isLast && knocking(person).length > 0) return takenUp(state, left);
  const awaySince = isLast ? now : null;
  const next = withOccupant(state, { ...left, awaySince });
  if (awaySince === null) return change(next, []);
  return change(next, [
    { kind: 'tell', to: around(next, personId), news: { event: 'peer-away', personId } },
  ]);
}

export function leave(state: RoomState, connectionId: string): RoomStep {
  const knocker = knockerOf(state, connectionId);
  if (knocker !== null) return unknock(state, knocker, connectionId);
  const person = holderOf(state, connectionId);
  if (person === null) return nothing(state);
  const left = withoutTab(person, connectionId);
  const step =
    left.connectionIds.length > 0
      ? change(withOccupant(state, left), [])
      : withoutOccupant(state, person);
  return {
    ...step,
    effects: [...step.effects, { kind: 'disconnect', connectionIds: [connectionId] }],
  };
}

function withoutTab(person: Occupant, connectionId: string): Occupant {
  const isOther = (id: string): boolean => id !== connectionId;
  const { connectionIds, codeIds } = person;
  return {
    ...person,
    connectionIds: connectionIds.filter(isOther),
    ...(codeIds === undefined ? {} : { codeIds: codeIds.filter(isOther) }),
  };
}

function knockerOf(state: RoomState, connectionId: string): Occupant | null {
  return occupantsOf(state).find((each) => knocking(each).includes(connectionId)) ?? null;
}

function holderOf(state: RoomState, connectionId: string): Occupant | null {
  const holder = occupantsOf(state).find((each) => each.connectionIds.includes(connectionId));
  return holder ?? null;
}
