import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mayConsume, mayProduce, mayReach, outranks } from '../../domain/room-reach.ts';
import {
  type RoomCommand,
  type RoomEffect,
  type RoomEvent,
  type RoomPolicy,
  type RoomState,
  type RoomStep,
  advanceRoom,
  commandRoom,
  nextTickAt,
  openRoom,
} from '../../domain/room.ts';

const POLICY: RoomPolicy = {
  mode: 'video',
  capacity: 4,
  maxObservers: 1,
  hasWaitingRoom: true,
  opensAt: 1_000,
  closesAt: 1_000_000,
  graceMs: 30_000,
};
const ROLES = { ann: 'host', bob: 'co_host', cleo: 'participant', dan: 'participant' } as const;
const MORE = { eve: 'participant', fay: 'participant', gil: 'observer', hal: 'observer' } as const;
const PEOPLE: Readonly<Record<string, 'host' | 'co_host' | 'participant' | 'observer'>> = {
  ...ROLES,
  ...MORE,
};
const NAMES = Object.keys(PEOPLE);

function connecting(personId: string, tab = 0, isByCode = false): RoomEvent {
  const role = PEOPLE[personId]!;
  return {
    type: 'connect',
    personId,
    name: personId,
    role,
    connectionId: `${personId}-${tab}`,
    isByCode,
  };
}

/** Runs events at one instant each, or at 2 s after the room has opened. */
function run(events: readonly RoomEvent[], policy = POLICY, now = 2_000): RoomStep {
  return events.reduce<RoomStep>(({ state }, event) => advanceRoom(state, event, now), {
    state: openRoom(policy),
    effects: [],
    refused: null,
  });
}

function admitted(...people: string[]): RoomState {
  const events = people.flatMap((personId): RoomEvent[] => [
    connecting(personId),
    { type: 'admit', by: 'ann', personId },
  ]);
  return run([connecting('ann'), ...events]).state;
}

const person = fc.constantFrom(...NAMES);
const tab = fc.nat(1);
const room = fc.constantFrom('red', 'blue');
const event: fc.Arbitrary<RoomEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(person, tab, fc.boolean())
      .map(([who, at, isByCode]) => connecting(who, at, isByCode)),
  },
  fc
    .tuple(fc.constantFrom('disconnect' as const, 'leave' as const), person, tab)
    .map(([type, who, at]): RoomEvent => ({ type, connectionId: `${who}-${at}` })),
  {
    weight: 6,
    arbitrary: person.map((personId): RoomEvent => ({ type: 'admit', by: 'ann', personId })),
  },
  fc
    .tuple(fc.constantFrom('admit' as const, 'deny' as const, 'remove' as const), person, person)
    .map(([type, by, personId]): RoomEvent => ({ type, by, personId })),
  fc
    .tuple(
      person,
      person,
      fc.constantFrom('co_host' as const, 'participant' as const, 'observer' as const),
    )
    .map(([by, personId, role]): RoomEvent => ({ type: 'promote', by, personId, role })),
  fc
    .tuple(person, fc.boolean())
    .map(([by, isLocked]): RoomEvent => ({ type: 'lock', by, isLocked })),
  fc
    .tuple(fc.constantFrom('ann', 'bob', 'cleo'), fc.subarray(NAMES), fc.option(fc.nat(60_000)))
    .map(([by, ids, durationMs]): RoomEvent => ({
      type: 'create_breakouts',
      by,
      durationMs,
      rooms: [
        { id: 'red', name: 'Red', personIds: ids.slice(0, 2) },
        { id: 'blue', name: 'Blue', personIds: ids.slice(2, 4) },
      ],
    })),
  fc.tuple(person, person, fc.option(room)).map(([by, personId, breakoutId]): RoomEvent => ({
    type: 'assign_breakout',
    by,
    personId,
    breakoutId,
  })),
  person.map((by): RoomEvent => ({ type: 'close_breakouts', by })),
  person.map((by): RoomEvent => ({ type: 'panic', by, about: null })),
  person.map((by): RoomEvent => ({ type: 'broadcast', by, text: 'Five minutes' })),
  fc.constant<RoomEvent>({ type: 'tick' }),
);
const story = fc.array(fc.tuple(event, fc.nat(20_000)), { maxLength: 60 });

/** Walks a story and shows every step to `look`, the state before it included. */
function walk(
  events: readonly (readonly [RoomEvent, number])[],
  look: (before: RoomState, event: RoomEvent, step: RoomStep, now: number) => void,
): void {
  let state = openRoom(POLICY);
  let now = POLICY.opensAt;
  for (const [each, passesMs] of events) {
    now += passesMs;
    const step = advanceRoom(state, each, now);
    look(state, each, step, now);
    state = step.state;
  }
}

function properly(look: Parameters<typeof walk>[1]): void {
  fc.assert(
    fc.property(story, (events) => walk(events, look)),
    { numRuns: 400 },
  );
}

test('nobody ever hears anybody across breakouts, or from or in the waiting room', () => {
  properly((_before, _event, { state }) => {
    for (const one of NAMES) {
      for (const other of NAMES) {
        if (!mayConsume(state, one, other)) continue;
        const [listener, speaker] = [state.occupants[one]!, state.occupants[other]!];
        expect(listener.place).toBe('inside');
        expect(speaker.place).toBe('inside');
        expect(listener.breakoutId).toBe(speaker.breakoutId);
        expect(speaker.role).not.toBe('observer');
        expect(one).not.toBe(other);
      }
    }
  });
});

test('whoever loses or gains somebody is told, and media is looked at before anybody is told', () => {
  properly((before, _event, { state, effects }) => {
    const pairs = NAMES.flatMap((one) => NAMES.map((other) => [one, other] as const));
    const hasChanged = pairs.some(
      ([one, other]) => mayConsume(before, one, other) && !mayConsume(state, one, other),
    );
    const kinds = effects.map(({ kind }) => kind);
    if (hasChanged) expect(kinds).toContain('reroute');
    for (const [one, other] of pairs) {
      if (state.isClosed || state.occupants[one] === undefined || one === other) continue;
      const heard = newsTo(effects, one).flatMap((news) =>
        'personId' in news && news.personId === other ? [news.event] : [],
      );
      const [was, is] = [mayReach(before, one, other), mayReach(state, one, other)];
      if (was && !is && state.occupants[one].breakoutId === before.occupants[one]?.breakoutId) {
        expect(heard).toContain('peer-left');
      }
      if (!was && is && before.occupants[one]?.place === 'inside') {
        const hasMoved = state.occupants[one].breakoutId !== before.occupants[one].breakoutId;
        if (!hasMoved) expect(heard).toContain('peer-joined');
      }
    }
  });
});

function newsTo(effects: readonly RoomEffect[], personId: string) {
  return effects.flatMap((each) =>
    each.kind === 'tell' && each.to.includes(personId) ? [each.news] : [],
  );
}

test('without the role a command changes nothing and reaches nobody', () => {
  properly((before, each, { state, effects, refused }) => {
    if (!('by' in each) || before.isClosed) return;
    const by = before.occupants[each.by];
    const isHost = by?.place === 'inside' && (by.role === 'host' || by.role === 'co_host');
    const whom = 'personId' in each ? before.occupants[each.personId] : undefined;
    const isAbove = isHost && whom !== undefined && outranks(by, whom);
    const mayDo = each.type === 'remove' ? isAbove || whom === undefined : isHost;
    if (mayDo && !(each.type === 'promote' && by?.role !== 'host')) return;
    expect(state).toBe(before);
    expect(effects).toEqual([]);
    expect(['forbidden', 'not_found']).toContain(refused);
  });
});

test('a room never holds more than it may, and the host stays the host', () => {
  properly((_before, _event, { state }) => {
    const inside = Object.values(state.occupants).filter(({ place }) => place === 'inside');
    const observers = inside.filter(({ role }) => role === 'observer').length;
    expect(observers).toBeLessThanOrEqual(POLICY.maxObservers);
    expect(inside.length - observers).toBeLessThanOrEqual(POLICY.capacity);
    for (const each of Object.values(state.occupants)) {
      expect(each.role === 'host').toBe(each.personId === 'ann');
    }
  });
});

test('presence has an edge for each coming and each going, and never one too many', () => {
  const there = new Map<string, number>();
  fc.assert(
    fc.property(story, (events) => {
      there.clear();
      walk(events, (_before, _event, { state, effects }) => {
        for (const effect of effects) {
          if (effect.kind !== 'presence') continue;
          const { personId, edge } = effect;
          const count = there.get(personId) ?? 0;
          // From the waiting room into the room is one stay.
          const isFirst = edge === 'waiting' || (edge === 'joined' && count === 0);
          there.set(personId, edge === 'left' ? count - 1 : isFirst ? count + 1 : count);
        }
        for (const name of NAMES) {
          expect(there.get(name) ?? 0).toBe(state.occupants[name] === undefined ? 0 : 1);
        }
      });
    }),
    { numRuns: 400 },
  );
});

test('a silent call for help changes nothing and tells nobody', () => {
  properly((before, each, { state, effects }) => {
    if (each.type !== 'panic') return;
    expect(state).toBe(before);
    expect(effects.every(({ kind }) => kind === 'alert')).toBe(true);
  });
});

test('whoever is away is gone after the grace, not before, and is the same person till then', () => {
  properly((_before, _event, { state }, now) => {
    const due = nextTickAt(state);
    if (due === null) return;
    const { state: later } = advanceRoom(state, { type: 'tick' }, Math.max(due, now));
    for (const each of Object.values(state.occupants)) {
      const isGone =
        each.awaySince !== null && each.awaySince + POLICY.graceMs <= Math.max(due, now);
      expect(later.occupants[each.personId] === undefined).toBe(isGone || later.isClosed);
    }
  });
});

test('ten seconds without a connection are no absence; two tabs are one person', () => {
  const state = admitted('cleo');
  const away = advanceRoom(state, { type: 'disconnect', connectionId: 'cleo-0' }, 5_000);
  expect(away.effects).toEqual([
    { kind: 'tell', to: ['ann'], news: { event: 'peer-away', personId: 'cleo' } },
  ]);
  const back = advanceRoom(away.state, connecting('cleo', 1), 15_000);
  expect(back.effects.some(({ kind }) => kind === 'presence')).toBe(false);
  expect(back.state.occupants['cleo']).toMatchObject({ place: 'inside', awaySince: null });
  const both = advanceRoom(back.state, connecting('cleo', 2), 16_000);
  const one = advanceRoom(both.state, { type: 'leave', connectionId: 'cleo-1' }, 17_000);
  expect(one.effects).toEqual([{ kind: 'disconnect', connectionIds: ['cleo-1'] }]);
  expect(one.state.occupants['cleo']?.connectionIds).toEqual(['cleo-2']);
});

test('a breakout keeps people apart and gives them back when its time is over', () => {
  const state = admitted('cleo', 'dan');
  const apart = advanceRoom(
    state,
    {
      type: 'create_breakouts',
      by: 'ann',
      durationMs: 60_000,
      rooms: [{ id: 'red', name: 'Red', personIds: ['cleo'] }],
    },
    2_000,
  ).state;
  expect([mayReach(apart, 'cleo', 'dan'), mayReach(apart, 'ann', 'cleo')]).toEqual([false, false]);
  expect(mayReach(apart, 'ann', 'dan')).toBe(true);
  expect(nextTickAt(apart)).toBe(62_000);
  // Who is away for a moment comes back to where they were.
  const away = advanceRoom(apart, { type: 'disconnect', connectionId: 'cleo-0' }, 50_000).state;
  const back = advanceRoom(away, connecting('cleo', 1), 55_000).state;
  expect(back.occupants['cleo']?.breakoutId).toBe('red');
  const together = advanceRoom(back, { type: 'tick' }, 62_000);
  expect(together.state.breakouts).toBeNull();
  expect(mayReach(together.state, 'cleo', 'dan')).toBe(true);
  expect(newsTo(together.effects, 'dan')).toContainEqual({
    event: 'peer-joined',
    personId: 'cleo',
  });
});

test.each<[string, RoomEvent[], RoomEvent, Partial<RoomPolicy>, number, RoomStep['refused']]>([
  ['a client before the room opens', [], connecting('cleo'), {}, 999, 'too_soon'],
  ['the host before it opens', [], connecting('ann'), {}, 0, null],
  [
    'a stranger to a locked room',
    [connecting('ann'), locking()],
    connecting('cleo'),
    {},
    2_000,
    'wrong_state',
  ],
  [
    'a co-host to a locked room',
    [connecting('ann'), locking()],
    connecting('bob'),
    {},
    2_000,
    null,
  ],
  [
    'one too many',
    [connecting('ann')],
    connecting('bob'),
    { capacity: 1 },
    2_000,
    'refused_by_rule',
  ],
  ['anybody once it is over', [], connecting('ann'), {}, 1_000_000, 'wrong_state'],
])('%s', (_name, events, last, changes, now, refused) => {
  const { state } = run(events, { ...POLICY, ...changes });
  expect(advanceRoom(state, last, now).refused).toBe(refused);
});

function locking(): RoomCommand {
  return { type: 'lock', by: 'ann', isLocked: true };
}

test('whoever was removed does not come back; whoever was denied may knock again', () => {
  const removed = advanceRoom(
    admitted('cleo'),
    { type: 'remove', by: 'ann', personId: 'cleo' },
    3_000,
  );
  expect(removed.effects.at(-1)).toEqual({ kind: 'disconnect', connectionIds: ['cleo-0'] });
  expect(advanceRoom(removed.state, connecting('cleo', 1), 4_000).refused).toBe('forbidden');
  const denied = run([
    connecting('ann'),
    connecting('dan'),
    { type: 'deny', by: 'ann', personId: 'dan' },
  ]);
  expect(advanceRoom(denied.state, connecting('dan', 1), 4_000).refused).toBeNull();
});

test('whoever has just gone is removed as well, by whose room it is', () => {
  const gone = advanceRoom(
    admitted('bob', 'cleo'),
    { type: 'leave', connectionId: 'cleo-0' },
    3_000,
  );
  const remove = (by: string, personId: string): RoomStep =>
    advanceRoom(gone.state, { type: 'remove', by, personId }, 3_000);
  const removed = remove('ann', 'cleo').state;
  expect(advanceRoom(removed, connecting('cleo', 1), 4_000).refused).toBe('forbidden');
  expect(remove('bob', 'cleo').refused).toBe('not_found');
  expect(remove('ann', 'dan').refused).toBe('not_found');
  // From outside, where they are known to have a part in the session, though never in the room.
  const { state } = commandRoom(gone.state, { type: 'remove', by: 'ann', personId: 'dan' }, 3_000);
  expect(advanceRoom(state, connecting('dan'), 4_000).refused).toBe('forbidden');
});

test('a room ends by itself when its time is over, and everybody has left then', () => {
  const over = advanceRoom(admitted('cleo'), { type: 'tick' }, POLICY.closesAt);
  expect(over.state).toMatchObject({ isClosed: true, occupants: {} });
  expect(newsTo(over.effects, 'cleo')).toContainEqual({ event: 'room-closed', reason: 'overdue' });
  const left = over.effects.filter((each) => each.kind === 'presence' && each.edge === 'left');
  expect(left).toHaveLength(2);
  expect(advanceRoom(over.state, connecting('ann', 1), POLICY.closesAt).refused).toBe(
    'wrong_state',
  );
});

test('what may be sent depends on the mode and on the role', () => {
  const state = admitted('cleo', 'gil');
  const inMode = (mode: RoomPolicy['mode']): RoomState => ({
    ...state,
    policy: { ...POLICY, mode },
  });
  expect(mayProduce(inMode('video'), 'cleo', 'video')).toBe(true);
  expect(mayProduce(inMode('audio'), 'cleo', 'video')).toBe(false);
  expect(mayProduce(inMode('audio'), 'cleo', 'audio')).toBe(true);
  expect(mayProduce(inMode('text'), 'cleo', 'audio')).toBe(false);
  expect(mayProduce(inMode('video'), 'gil', 'audio')).toBe(false);
});
