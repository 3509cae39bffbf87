import { expect, test } from '@jest/globals';
import {
  type RoomEvent,
  type RoomPolicy,
  type RoomState,
  type RoomStep,
  advanceRoom,
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

function coming(personId: string, connectionId: string, isByCode = false): RoomEvent {
  const role = personId === 'ann' ? 'host' : 'participant';
  return { type: 'connect', personId, name: personId, role, connectionId, isByCode };
}

const admitting: RoomEvent = { type: 'admit', by: 'ann', personId: 'cleo' };
const denying: RoomEvent = { type: 'deny', by: 'ann', personId: 'cleo' };

function after(state: RoomState, ...events: readonly RoomEvent[]): RoomStep {
  const start: RoomStep = { state, effects: [], refused: null };
  return events.reduce((step, event) => advanceRoom(step.state, event, 2_000), start);
}

/** Ann hosts, Cleo is inside with one tab, and another comes by the code. */
function knocked(byCodeBefore = false): RoomStep {
  const inside = [coming('ann', 'a'), coming('cleo', 'c', byCodeBefore), admitting];
  return after(openRoom(POLICY), ...inside, coming('cleo', 'code', true));
}

const told = (isWaiting: boolean): object => ({
  kind: 'tell',
  to: ['ann'],
  news: { event: 'waiting', personId: 'cleo', isWaiting },
});

test('whoever comes by the code while its person is here waits by themselves, and hosts are told', () => {
  const { state, effects } = knocked();
  expect(effects).toEqual([{ kind: 'hold', connectionIds: ['code'] }, told(true)]);
  expect(state.occupants['cleo']).toMatchObject({ place: 'inside', connectionIds: ['c'] });
  const letIn = after(state, admitting);
  expect(letIn.effects).toEqual([{ kind: 'let_in', connectionIds: ['code'] }, told(false)]);
  expect(letIn.state.occupants['cleo']).toMatchObject({ connectionIds: ['c', 'code'] });
  const turnedAway = after(state, denying);
  expect(turnedAway.effects).toEqual([{ kind: 'turn_away', connectionIds: ['code'] }, told(false)]);
  expect(turnedAway.state.occupants['cleo']).toMatchObject({
    place: 'inside',
    connectionIds: ['c'],
  });
  const gone = after(state, { type: 'disconnect', connectionId: 'code' });
  expect(gone.effects).toEqual([told(false)]);
});

test('it is let in apart from whoever waits as the same person', () => {
  const waiting = after(openRoom(POLICY), coming('ann', 'a'), coming('cleo', 'c'));
  const both = after(waiting.state, coming('cleo', 'code', true), admitting);
  expect(both.state.occupants['cleo']).toMatchObject({ place: 'inside', connectionIds: ['c'] });
  expect(both.effects.at(-1)).toEqual(told(true));
});

test('whoever has signed in comes in beside themselves, and goes before whoever came by the code', () => {
  const second = after(knocked().state, coming('cleo', 'second'));
  expect(second.state.occupants['cleo']).toMatchObject({ connectionIds: ['c', 'second'] });
  const { state, effects } = after(knocked(true).state, coming('cleo', 'own'));
  expect(state.occupants['cleo']).toMatchObject({ connectionIds: ['own'], knockingIds: ['code'] });
  expect(effects).toEqual([{ kind: 'disconnect', connectionIds: ['c'] }]);
});

test('whoever comes back by the code, their lost tab not missed yet, is back once it is; all are told', () => {
  const { state, effects } = after(knocked(true).state, { type: 'disconnect', connectionId: 'c' });
  expect(state.occupants['cleo']).toMatchObject({ connectionIds: ['code'], awaySince: null });
  expect(effects).toEqual([
    { kind: 'let_in', connectionIds: ['code'] },
    told(false),
    { kind: 'tell', to: ['ann'], news: { event: 'peer-back', personId: 'cleo' } },
  ]);
});

test.each([
  ['is removed', { type: 'remove', by: 'ann', personId: 'cleo' }],
  ['leaves', { type: 'leave', connectionId: 'c' }],
  ['is there when the room ends', { type: 'end', by: 'ann' }],
] as const)('nobody knocks any longer as somebody who %s', (_what, event) => {
  const { effects } = after(knocked().state, event);
  const ended = effects.flatMap((each) => (each.kind === 'disconnect' ? each.connectionIds : []));
  expect(ended).toEqual(expect.arrayContaining(['c', 'code']));
});
