import { around, hostIds } from './room-reach.ts';
import type { Occupant, RoomEffect, RoomState, RoomStep } from './room-state.ts';
import { change, withOccupant } from './room-steps.ts';

/**
 * Tabs that came by a session's code alone while their person was here already. A code may have come
 * into other hands, and a tab more of somebody is seen by nobody: so each waits by itself until a host
 * has let it in, or until nobody else is there as this person.
 */
export function knock(state: RoomState, person: Occupant, connectionId: string): RoomStep {
  const knockingIds = [...knocking(person), connectionId];
  return change(withOccupant(state, { ...person, knockingIds }), [
    { kind: 'hold', connectionIds: [connectionId] },
    waits(state, person, true),
  ]);
}

export function letIn(state: RoomState, person: Occupant): RoomStep {
  const connectionIds = knocking(person);
  const next = withOccupant(state, {
    ...person,
    connectionIds: [...person.connectionIds, ...connectionIds],
    codeIds: [...(person.codeIds ?? []), ...connectionIds],
    knockingIds: [],
    awaySince: null,
  });
  return change(next, [{ kind: 'let_in', connectionIds }, waits(state, person, false)]);
}

export function turnAway(state: RoomState, person: Occupant): RoomStep {
  return change(withOccupant(state, { ...person, knockingIds: [] }), [
    { kind: 'turn_away', connectionIds: knocking(person) },
    waits(state, person, false),
  ]);
}

/** A tab that knocked is gone again. */
export function unknock(state: RoomState, person: Occupant, connectionId: string): RoomStep {
  const knockingIds = knocking(person).filter((id) => id !== connectionId);
  const isWaiting = person.place === 'waiting' || knockingIds.length > 0;
  return change(withOccupant(state, { ...person, knockingIds }), [waits(state, person, isWaiting)]);
}

/** The last tab of somebody is gone while others knock as them: they are back, and all around are told. */
export function takenUp(state: RoomState, person: Occupant): RoomStep {
  const step = letIn(state, person);
  const { personId } = person;
  return change(step.state, [
    ...step.effects,
    { kind: 'tell', to: around(step.state, personId), news: { event: 'peer-back', personId } },
  ]);
}

export function knocking({ knockingIds = [] }: Occupant): readonly string[] {
  return knockingIds;
}

function waits(state: RoomState, { personId }: Occupant, isWaiting: boolean): RoomEffect {
  return { kind: 'tell', to: hostIds(state), news: { event: 'waiting', personId, isWaiting } };
}
