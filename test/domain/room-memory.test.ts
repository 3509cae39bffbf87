import { expect, test } from '@jest/globals';
import {
  type FormerOccupant,
  catchUpRoom,
  rememberRoom,
  reopenRoom,
} from '../../domain/room-memory.ts';
import {
  type RoomEvent,
  type RoomPolicy,
  type RoomState,
  advanceRoom,
  openRoom,
} from '../../domain/room.ts';

const POLICY: RoomPolicy = {
  mode: 'video',
  capacity: 8,
  maxObservers: 1,
  hasWaitingRoom: true,
  opensAt: 0,
  closesAt: 1_000_000,
  graceMs: 30_000,
};
const ROLES = { ann: 'host', bob: 'participant', cleo: 'participant', dan: 'participant' } as const;
type Name = keyof typeof ROLES;

function comes(personId: Name, tab = 0): RoomEvent {
  const connectionId = `${personId}-${tab}`;
  return { type: 'connect', personId, name: personId, role: ROLES[personId], connectionId };
}

function run(state: RoomState, events: readonly RoomEvent[], now = 1_000): RoomState {
  return events.reduce((before, event) => advanceRoom(before, event, now).state, state);
}

function admits(personId: Name): RoomEvent {
  return { type: 'admit', by: 'ann', personId };
}

/** Ann hosts, Bob helps her and is in a breakout, Cleo was removed, Dan waits; nobody else may come. */
const eventful = run(openRoom(POLICY), [
  comes('ann'),
  comes('bob'),
  admits('bob'),
  comes('cleo'),
  admits('cleo'),
  { type: 'promote', by: 'ann', personId: 'bob', role: 'co_host' },
  { type: 'remove', by: 'ann', personId: 'cleo' },
  comes('dan'),
  { type: 'lock', by: 'ann', isLocked: true },
  {
    type: 'create_breakouts',
    by: 'ann',
    rooms: [{ id: 'red', name: 'Red', personIds: ['bob'] }],
    durationMs: 60_000,
  },
]);

/** Who is there by the ledger. */
function thereIn(state: RoomState): FormerOccupant[] {
  return Object.values(state.occupants).map(({ personId, place }) => ({
    personId,
    place,
    role: ROLES[personId as Name],
  }));
}

function reopened(state: RoomState, now = 5_000): RoomState {
  const kept = JSON.parse(JSON.stringify(rememberRoom(state))) as ReturnType<typeof rememberRoom>;
  return reopenRoom(POLICY, { former: thereIn(state), memory: kept, roles: {} }, now);
}

test('a room that is opened anew is what it was, and everybody in it is away', () => {
  const people = Object.values(eventful.occupants).map((person) => [
    person.personId,
    { ...person, connectionIds: [], awaySince: 5_000 },
  ]);
  expect(reopened(eventful)).toEqual({ ...eventful, occupants: Object.fromEntries(people) });
});

test('in it the removed stay out, the admitted come in, and breakouts end in time', () => {
  const left = run(eventful, [{ type: 'leave', connectionId: 'bob-0' }]);
  const anew = reopened(left);
  expect(advanceRoom(anew, comes('cleo', 1), 6_000).refused).toBe('forbidden');
  expect(advanceRoom(anew, comes('bob', 1), 6_000).state.occupants['bob']?.place).toBe('inside');
  const back = run(reopened(eventful), [comes('ann', 1), comes('bob', 1)], 6_000);
  expect(back.occupants['bob']).toMatchObject({ breakoutId: 'red', role: 'co_host' });
  expect(run(back, [{ type: 'tick' }], 61_000).occupants['bob']?.breakoutId).toBeNull();
});

test('whoever was removed and is let back in waits as anybody else, in this room and in the next', () => {
  const back = { type: 'readmit', by: 'ann', personId: 'cleo' } as const;
  const place = (state: RoomState): string | undefined =>
    run(state, [{ type: 'lock', by: 'ann', isLocked: false }, comes('cleo', 1)]).occupants['cleo']
      ?.place;
  expect(place(eventful)).toBeUndefined();
  expect(place(run(eventful, [back]))).toBe('waiting');
  const locked = advanceRoom(run(eventful, [back]), comes('cleo', 1), 6_000);
  expect(locked.refused).toBe('wrong_state');
  expect(advanceRoom(eventful, { ...back, by: 'dan' }, 6_000).refused).toBe('forbidden');
  // Said while no host had the room, by somebody who is not in it.
  const missed = [{ command: { ...back, by: 'eve' }, askedAt: 3_000 }];
  expect(catchUpRoom(reopened(eventful), missed).removedIds).toEqual([]);
  const ended = reopened(run(eventful, [{ type: 'end', by: 'ann' }]));
  expect(place(catchUpRoom(ended, missed))).toBe('waiting');
});

test('of a room that has ended only who was removed is known', () => {
  const ended = run(eventful, [{ type: 'end', by: 'ann' }]);
  expect(reopened(ended)).toEqual({ ...openRoom(POLICY), removedIds: ['cleo'] });
});

test('a ledger that has not heard yet who was removed or let in changes nothing', () => {
  const late: FormerOccupant[] = [
    { personId: 'bob', role: 'participant', place: 'waiting' },
    { personId: 'cleo', role: 'participant', place: 'inside' },
  ];
  const kept = { former: late, memory: rememberRoom(eventful), roles: {} };
  const { occupants } = reopenRoom(POLICY, kept, 5_000);
  expect(Object.keys(occupants)).toEqual(['bob']);
  expect(occupants['bob']?.place).toBe('inside');
});

test('words that came while no host had the room are carried out as of then', () => {
  const rooms = [{ id: 'blue', name: 'Blue', personIds: ['bob'] }];
  const caughtUp = catchUpRoom(reopened(eventful), [
    {
      command: { type: 'create_breakouts', by: 'eve', rooms, durationMs: 10_000 },
      askedAt: 3_000,
    },
    { command: { type: 'leave_room', by: 'dan' }, askedAt: 3_500 },
    { command: { type: 'end', by: 'eve' }, askedAt: 4_000 },
  ]);
  expect(caughtUp.breakouts).toEqual({
    rooms: { blue: { name: 'Blue' } },
    endsAt: 13_000,
    awaited: {},
  });
  expect(Object.keys(caughtUp.occupants)).toEqual(['ann', 'bob']);
  expect(caughtUp.isClosed).toBe(false);
});
