import { knocking, letIn, turnAway } from './room-door.ts';
import { around, hasRoomFor, hostIds, isHost, occupantsOf, outranks } from './room-reach.ts';
import type { Occupant, RoomCommand, RoomEffect, RoomState, RoomStep } from './room-state.ts';
import {
  change,
  nothing,
  placed,
  refuse,
  withOccupant,
  withRemoval,
  withRole,
  withoutOccupant,
} from './room-steps.ts';

type Command<T extends RoomCommand['type']> = Extract<RoomCommand, { type: T }>;

/** A host in the main room or a breakout; null for everybody else, and for who only waits. */
export function actingHost(state: RoomState, personId: string): Occupant | null {
  const person = state.occupants[personId];
  return person?.place === 'inside' && isHost(person.role) ? person : null;
}

export function admit(state: RoomState, { by, personId }: Command<'admit'>): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  const person = state.occupants[personId];
  if (person === undefined) return refuse(state, 'not_found');
  if (person.place === 'inside') {
    return knocking(person).length > 0 ? letIn(state, person) : nothing(state);
  }
  if (!hasRoomFor(state, person.role)) return refuse(state, 'refused_by_rule');
  const step = placed(state, person);
  const told: RoomEffect = {
    kind: 'tell',
    to: hostIds(state),
    news: { event: 'waiting', personId, isWaiting: knocking(person).length > 0 },
  };
  return { ...step, effects: [...step.effects, told] };
}

/** Who waits is turned away, and may knock again. */
export function deny(state: RoomState, { by, personId }: Command<'deny'>): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  const person = state.occupants[personId];
  if (person?.place === 'inside' && knocking(person).length > 0) return turnAway(state, person);
  if (person?.place !== 'waiting') return refuse(state, 'not_found');
  return sentAway(state, person, 'denied');
}

export function remove(state: RoomState, { by, personId }: Command<'remove'>): RoomStep {
  const person = state.occupants[personId];
  if (person === undefined && mayRemoveAbsent(state, by, personId)) {
    return change(withRemoval(state, personId), []);
  }
  const refusal = refusalOver(state, by, person);
  if (refusal !== null || person === undefined) return refusal ?? refuse(state, 'not_found');
  return sentAway(withRemoval(state, personId), person, 'removed');
}

/** Who was inside before and has just gone is as well known as who is there; only the host outranks all. */
function mayRemoveAbsent(state: RoomState, by: string, personId: string): boolean {
  const isHost = actingHost(state, by)?.role === 'host';
  return isHost && by !== personId && state.admittedIds.includes(personId);
}

/** It lets nobody past the waiting room, and past a lock. */
export function readmit(state: RoomState, { by, personId }: Command<'readmit'>): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  if (!state.removedIds.includes(personId)) return nothing(state);
  const removedIds = state.removedIds.filter((id) => id !== personId);
  return change({ ...state, removedIds }, []);
}

/** Somebody is told why, and leaves with all of their tabs. */
export function sentAway(
  state: RoomState,
  person: Occupant,
  event: 'denied' | 'removed',
): RoomStep {
  const { personId, connectionIds } = person;
  const step = withoutOccupant(state, person);
  return change(step.state, [
    { kind: 'tell', to: [personId], news: { event } },
    ...step.effects,
    { kind: 'disconnect', connectionIds },
  ]);
}

/** A microphone is switched off by whose it is: others can only ask. */
export function askMute(state: RoomState, command: Command<'ask_mute'>): RoomStep {
  const { by, personId, kind } = command;
  const person = state.occupants[personId];
  const refusal = refusalOver(state, by, person);
  if (refusal !== null) return refusal;
  return change(state, [{ kind: 'tell', to: [personId], news: { event: 'mute-requested', kind } }]);
}

export function lock(state: RoomState, { by, isLocked }: Command<'lock'>): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  if (state.isLocked === isLocked) return nothing(state);
  return change({ ...state, isLocked }, [
    { kind: 'tell', to: hostIds(state), news: { event: 'locked', isLocked } },
  ]);
}

/** Roles are the host's to give; the host's own is nobody's. */
export function promote(state: RoomState, { by, personId, role }: Command<'promote'>): RoomStep {
  if (actingHost(state, by)?.role !== 'host') return refuse(state, 'forbidden');
  const person = state.occupants[personId];
  if (person === undefined) return refuse(state, 'not_found');
  if (person.role === 'host') return refuse(state, 'forbidden');
  if (person.role === role) return nothing(state);
  const without = { ...state, occupants: { ...state.occupants } };
  delete without.occupants[personId];
  if (person.place === 'inside' && !hasRoomFor(without, role)) {
    return refuse(state, 'refused_by_rule');
  }
  const next = withOccupant(withRole(state, { personId, role }), { ...person, role });
  const to = [personId, ...around(next, personId)];
  return change(next, [
    { kind: 'reroute' },
    { kind: 'tell', to, news: { event: 'role-changed', personId, role } },
  ]);
}

/**
 * A therapist's silent call for help. Whose trouble it is they may say; else it is that of the
 * only other person there, and with several or none their own.
 */
export function panic(state: RoomState, { by, about }: Command<'panic'>): RoomStep {
  if (actingHost(state, by) === null) return refuse(state, 'forbidden');
  if (about !== null && state.occupants[about] === undefined) return refuse(state, 'not_found');
  const others = occupantsOf(state).filter(({ role }) => role === 'participant');
  const only = others.length === 1 ? others[0]?.personId : undefined;
  return change(state, [{ kind: 'alert', by, about: about ?? only ?? by }]);
}

function refusalOver(state: RoomState, by: string, person: Occupant | undefined): RoomStep | null {
  const host = actingHost(state, by);
  if (host === null) return refuse(state, 'forbidden');
  if (person === undefined) return refuse(state, 'not_found');
  return outranks(host, person) ? null : refuse(state, 'forbidden');
}
