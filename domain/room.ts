import { assertNever } from './assert-never.ts';
import { assign, broadcast, createBreakouts, endBreakouts } from './room-breakouts.ts';
import { admit, askMute, deny, lock, panic, promote, readmit, remove } from './room-powers.ts';
import { hasRoomFor, hostIds, isHost, occupantsOf } from './room-reach.ts';
import {
  change,
  closing,
  nothing,
  placed,
  presence,
  refuse,
  withRole,
  withOccupant,
  withRemoval,
  withoutOccupant,
} from './room-steps.ts';
import { disconnect, leave, reconnect } from './room-tabs.ts';
import type {
  Occupant,
  RoomCommand,
  RoomEvent,
  RoomPolicy,
  RoomRole,
  RoomState,
  RoomStep,
} from './room-state.ts';

export type * from './room-state.ts';

/**
 * A room as one pure transition function: who waits, who is inside, what hosts may do, breakouts,
 * and when it ends. An SFU host runs it and carries out its effects; tests walk it. It knows
 * nothing of sockets and media, and nothing else decides about them.
 */
export function openRoom(policy: RoomPolicy): RoomState {
  return {
    policy,
    occupants: {},
    breakouts: null,
    isLocked: false,
    isClosed: false,
    admittedIds: [],
    removedIds: [],
    roles: {},
  };
}

/** Decides what an event does to a room at `now`; never throws, never reads a clock. */
export function advanceRoom(state: RoomState, event: RoomEvent, now: number): RoomStep {
  if (state.isClosed) return refuse(state, 'wrong_state');
  switch (event.type) {
    case 'connect':
      return connect(state, event, now);
    case 'disconnect':
      return disconnect(state, event.connectionId, now);
    case 'leave':
      return leave(state, event.connectionId);
    case 'tick':
      return passTime(state, now);
    case 'admit':
      return admit(state, event);
    case 'deny':
      return deny(state, event);
    case 'ask_mute':
      return askMute(state, event);
    case 'remove':
      return remove(state, event);
    case 'readmit':
      return readmit(state, event);
    case 'lock':
      return lock(state, event);
    case 'promote':
      return promote(state, event);
    case 'create_breakouts':
      return createBreakouts(state, event, now);
    case 'assign_breakout':
      return assign(state, event);
    case 'broadcast':
      return broadcast(state, event);
    case 'close_breakouts':
      return isHostInside(state, event.by) ? endBreakouts(state) : refuse(state, 'forbidden');
    case 'end':
      return isHostInside(state, event.by) ? closing(state, 'ended') : refuse(state, 'forbidden');
    case 'panic':
      return panic(state, event);
    default:
      return assertNever(event);
  }
}

/**
 * A word from somebody who need not be inside, such as a therapist who calls from their own screen;
 * whoever passes it on has seen to it that they may host the room.
 */
export function commandRoom(state: RoomState, command: RoomCommand, now: number): RoomStep {
  const { by } = command;
  const known = state.occupants[by];
  if (command.type === 'promote' && !state.occupants[command.personId]) {
    return state.isClosed ? refuse(state, 'wrong_state') : change(withRole(state, command), []);
  }
  if (command.type === 'remove' && !state.occupants[command.personId] && !state.isClosed) {
    return change(withRemoval(state, command.personId), []);
  }
  if (state.isClosed || known?.place === 'inside') return advanceRoom(state, command, now);
  const outsider: Occupant = {
    personId: by,
    name: '',
    role: 'host',
    place: 'inside',
    breakoutId: null,
    connectionIds: [],
    awaySince: null,
  };
  const step = advanceRoom(withOccupant(state, outsider), command, now);
  if (step.refused !== null) return { ...step, state };
  const effects = step.effects.filter((each) => each.kind !== 'presence' || each.personId !== by);
  if (step.state.isClosed) return { ...step, effects };
  const { [by]: _outsider, ...occupants } = step.state.occupants;
  const restored = known === undefined ? occupants : { ...occupants, [by]: known };
  return { ...step, state: { ...step.state, occupants: restored }, effects };
}

/** When something happens by itself next; the room has to be told with a `tick` then. */
export function nextTickAt(state: RoomState): number | null {
  if (state.isClosed) return null;
  const away = occupantsOf(state).flatMap(({ awaySince }) =>
    awaySince === null ? [] : [awaySince + state.policy.graceMs],
  );
  const ends = state.breakouts?.endsAt ?? null;
  return Math.min(state.policy.closesAt, ...away, ...(ends === null ? [] : [ends]));
}

function isHostInside(state: RoomState, personId: string): boolean {
  const person = state.occupants[personId];
  return person?.place === 'inside' && isHost(person.role);
}

type Connecting = Extract<RoomEvent, { type: 'connect' }>;

function connect(state: RoomState, coming: Connecting, now: number): RoomStep {
  const event = { ...coming, role: roleOf(state, coming) };
  const known = state.occupants[event.personId];
  if (known !== undefined) return reconnect(state, { ...known, name: event.name }, event);
  if (state.removedIds.includes(event.personId)) return refuse(state, 'forbidden');
  if (now >= state.policy.closesAt) return refuse(state, 'wrong_state');
  if (!isHost(event.role) && now < state.policy.opensAt) return refuse(state, 'too_soon');
  const wasAdmitted = state.admittedIds.includes(event.personId);
  const mayPass = isHost(event.role) || wasAdmitted;
  if (state.isLocked && !mayPass) return refuse(state, 'wrong_state');
  const isInside = mayPass || !state.policy.hasWaitingRoom;
  if (isInside && !hasRoomFor(state, event.role)) return refuse(state, 'refused_by_rule');
  const { personId, name, role, connectionId } = event;
  const connectionIds = [connectionId];
  const person: Occupant = {
    personId,
    name,
    role,
    place: 'waiting',
    breakoutId: null,
    connectionIds,
    ...(event.isByCode ? { codeIds: connectionIds } : {}),
    awaySince: null,
  };
  if (isInside) return placed(state, person);
  return change(withOccupant(state, person), [
    presence(person, 'waiting'),
    { kind: 'tell', to: hostIds(state), news: { event: 'waiting', personId, isWaiting: true } },
  ]);
}

/** Whoever's session it is remains its host; a pass may be older than a role that was given. */
function roleOf(state: RoomState, { personId, role }: Connecting): RoomRole {
  const given = state.roles[personId];
  return role === 'host' || given === undefined || given === 'host' ? role : given;
}

function passTime(state: RoomState, now: number): RoomStep {
  if (now >= state.policy.closesAt) return closing(state, 'overdue');
  const gone = occupantsOf(state).filter(
    ({ awaySince }) => awaySince !== null && now >= awaySince + state.policy.graceMs,
  );
  let step = nothing(state);
  for (const person of gone) {
    const next = withoutOccupant(step.state, person);
    step = { ...next, effects: [...step.effects, ...next.effects] };
  }
  const endsAt = step.state.breakouts?.endsAt ?? null;
  if (endsAt === null || now < endsAt) return step;
  const back = endBreakouts(step.state);
  return { ...back, effects: [...step.effects, ...back.effects] };
}
