import { occupantsOf } from './room-reach.ts';
import type {
  Breakouts,
  Occupant,
  RoomCommand,
  RoomPolicy,
  RoomRole,
  RoomState,
} from './room-state.ts';
import { withoutOccupant } from './room-steps.ts';
import { commandRoom, openRoom } from './room.ts';

/** What a room knows that nobody brings along who comes back to it. */
export interface RoomMemory {
  readonly isLocked: boolean;
  readonly admittedIds: readonly string[];
  readonly removedIds: readonly string[];
  readonly breakouts: Breakouts | null;
  /** Who they were in the room. Whether they are still there is the ledger's to say. */
  readonly people: Readonly<Record<string, Pick<Occupant, 'name' | 'role' | 'breakoutId'>>>;
  /** The roles that were given; what was written down by an older version has none. */
  readonly roles?: Readonly<Record<string, RoomRole>>;
}

/** What is worth knowing of a room after its host has died; of one that has ended, who was removed. */
export function rememberRoom(state: RoomState): RoomMemory {
  const { isLocked, admittedIds, removedIds, breakouts, roles } = state;
  if (state.isClosed) {
    return { isLocked: false, admittedIds: [], removedIds, breakouts: null, people: {} };
  }
  const people = occupantsOf(state).map(({ personId, name, role, breakoutId }) => {
    return [personId, { name, role, breakoutId }] as const;
  });
  return {
    isLocked,
    admittedIds,
    removedIds,
    breakouts,
    people: Object.fromEntries(people),
    roles,
  };
}

/** Somebody who was there when the host of an earlier placement died. */
export interface FormerOccupant {
  readonly personId: string;
  readonly role: RoomRole;
  readonly place: 'waiting' | 'inside';
}

/**
 * A room that is opened again after its host has died: whoever was there is away, has the grace to
 * come back, and is who and where they were.
 */
export function reopenRoom(
  policy: RoomPolicy,
  {
    former,
    memory,
    roles,
  }: {
    readonly former: readonly FormerOccupant[];
    readonly memory: RoomMemory | null;
    /** By the session's record. */
    readonly roles: Readonly<Record<string, RoomRole>>;
  },
  now: number,
): RoomState {
  const known = memory ?? rememberRoom(openRoom(policy));
  const { isLocked, removedIds, breakouts } = known;
  const there = former.filter(({ personId }) => !removedIds.includes(personId));
  const inside = there.filter(({ place }) => place === 'inside').map(({ personId }) => personId);
  const admittedIds = [...new Set([...known.admittedIds, ...inside])];
  const occupants = there.map(({ personId, role }): Occupant => {
    const person = known.people[personId];
    const breakoutId = person?.breakoutId ?? null;
    return {
      personId,
      name: person?.name ?? '',
      role: person?.role ?? role,
      place: admittedIds.includes(personId) ? 'inside' : 'waiting',
      breakoutId: breakoutId !== null && breakouts?.rooms[breakoutId] ? breakoutId : null,
      connectionIds: [],
      awaySince: now,
    };
  });
  return {
    ...openRoom(policy),
    isLocked,
    breakouts,
    admittedIds,
    removedIds,
    // What was given last may not have come to the record.
    roles: { ...roles, ...known.roles },
    occupants: Object.fromEntries(occupants.map((each) => [each.personId, each])),
  };
}

/** What was asked of a room while no host had it. */
export interface MissedWord {
  readonly command: RoomCommand | { readonly type: 'leave_room'; readonly by: string };
  /** Epoch ms. */
  readonly askedAt: number;
}

/** Passing words that nobody heard are over; what they change for good is changed. */
const PASSING: ReadonlySet<MissedWord['command']['type']> = new Set([
  'ask_mute',
  'broadcast',
  'end',
  'panic',
]);

/** The room as it would be had it heard them in time. */
export function catchUpRoom(state: RoomState, missed: readonly MissedWord[]): RoomState {
  return missed.reduce((now, { command, askedAt }) => {
    if (PASSING.has(command.type)) return now;
    if (command.type !== 'leave_room') return commandRoom(now, command, askedAt).state;
    const person = now.occupants[command.by];
    return person === undefined ? now : withoutOccupant(now, person).state;
  }, state);
}
