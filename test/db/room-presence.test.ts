import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import {
  type PresenceKind,
  endAbandonedPresence,
  peopleThere,
  presenceSummary,
  recordPresence,
} from '../../db/room-presence.ts';
import { attendanceOf } from '../../db/session-attendance.ts';
import { beatHost, closeRoom, placeRoom } from '../../db/rooms.ts';
import { type SessionBench, startSessionBench } from '../activities/session/bench.ts';

let bench: SessionBench;
let ann: string;
let ben: string;

beforeAll(async () => {
  bench = await startSessionBench();
  [ann, ben] = await Promise.all([bench.person(), bench.person()]);
});
afterAll(() => bench.close());

const START = Date.now() - 3_600_000;

function note(sessionId: string, personId: string, kind: PresenceKind, second = 0, epoch = 1) {
  const role = personId === ann ? 'host' : 'participant';
  const at = new Date(START + second * 1_000);
  return recordPresence(bench.knex, { sessionId, personId, role, kind, at, epoch });
}

async function edgesOf(sessionId: string): Promise<unknown[]> {
  const rows = await bench
    .knex('outbox')
    .where({ topic: 'room.presence' })
    .whereRaw(`payload->>'sessionId' = ?`, [sessionId])
    .orderBy('id')
    .select<{ payload: { event: string; personId: string } }[]>('payload');
  return rows.map(({ payload }) => [payload.event, payload.personId === ann ? 'ann' : 'ben']);
}

test('only edges go out: first comings, the last going, a coming back after it', async () => {
  const session = v7();
  await note(session, ann, 'joined', 0);
  await note(session, ben, 'waiting', 10);
  await note(session, ben, 'joined', 20);
  await note(session, ben, 'left', 80);
  await note(session, ben, 'joined', 90);
  await note(session, ann, 'left', 100);
  await note(session, ben, 'left', 120);
  await note(session, ann, 'joined', 130);
  expect(await edgesOf(session)).toEqual([
    ['came', 'ann'],
    ['came', 'ben'],
    ['emptied', 'ben'],
    ['filled', 'ann'],
  ]);
  const [, bens] = await attendanceOf(bench.knex, session);
  expect(bens).toMatchObject({ personId: ben, insideMs: 90_000 });
  const summary = await presenceSummary(bench.knex, session);
  expect(summary).toMatchObject({ sequence: 8, emptySince: null });
});

test('many at once: numbers without gaps, nobody twice, one edge for each', async () => {
  const session = v7();
  const people = await Promise.all(Array.from({ length: 6 }, () => bench.person()));
  const says = people.flatMap((each) => [each, each, each]);
  const edges = await Promise.all(says.map((each) => note(session, each, 'joined')));
  expect(edges.filter((edge) => edge === 'came')).toHaveLength(people.length);
  const rows = await bench.knex('room_presence').where({ session_id: session }).orderBy('sequence');
  expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await peopleThere(bench.knex, session)).toHaveLength(people.length);
});

test('nobody leaves who is not there, and time never runs back', async () => {
  const session = v7();
  expect(await note(session, ann, 'left')).toBeNull();
  await note(session, ann, 'joined', 60);
  await note(session, ann, 'left', 30);
  const [row] = await attendanceOf(bench.knex, session);
  expect(row).toMatchObject({ insideMs: 0 });
  const rows = await bench.knex('room_presence').where({ session_id: session });
  expect(rows).toHaveLength(2);
});

test('whoever is lost left then, whatever others did before their grace was over', async () => {
  const session = v7();
  await note(session, ann, 'joined', 0);
  await note(session, ben, 'joined', 85);
  // Lost at 60, and noted when they had not come back.
  await note(session, ann, 'left', 60);
  const [anns] = await attendanceOf(bench.knex, session);
  expect(anns).toMatchObject({ personId: ann, insideMs: 60_000 });
  await note(session, ann, 'joined', 100);
  await note(session, ben, 'left', 130);
  await note(session, ann, 'left', 120);
  const { emptySince } = (await presenceSummary(bench.knex, session))!;
  expect(emptySince).toEqual(new Date(START + 130_000));
});

test('the ledger is written once and for all', async () => {
  const session = v7();
  await note(session, ann, 'joined');
  const change = bench.knex('room_presence').where({ session_id: session });
  await expect(change.clone().update({ kind: 'left' })).rejects.toThrow('append-only');
  await expect(change.clone().delete()).rejects.toThrow('append-only');
});

test('those whose room died left with it, unless it was opened anew', async () => {
  const hostId = v7();
  const beat = { hostId, signalingUrl: 'http://localhost', cores: 1, load: 0 } as const;
  await beatHost(bench.knex, { ...beat, state: 'active' });
  const [dead, live] = [v7(), v7()];
  for (const session of [dead, live]) {
    const { epoch } = await placeRoom(bench.knex, session);
    await note(session, ann, 'joined', 0, epoch);
    await closeRoom(bench.knex, { sessionId: session, epoch });
  }
  await placeRoom(bench.knex, live);
  expect(await endAbandonedPresence(bench.knex, 60_000)).toBe(0);
  expect(await endAbandonedPresence(bench.knex, -1_000)).toBe(1);
  expect(await endAbandonedPresence(bench.knex, -1_000)).toBe(0);
  expect(await peopleThere(bench.knex, dead)).toEqual([]);
  expect(await peopleThere(bench.knex, live)).toMatchObject([{ personId: ann, kind: 'joined' }]);
  expect(await edgesOf(dead)).toEqual([
    ['came', 'ann'],
    ['emptied', 'ann'],
  ]);
});

test('a host that has lost the room to another tells nobody from it', async () => {
  const beat = { hostId: v7(), signalingUrl: 'http://localhost', cores: 1, load: 0 } as const;
  await beatHost(bench.knex, { ...beat, state: 'active' });
  const session = v7();
  await placeRoom(bench.knex, session);
  await note(session, ann, 'joined', 0, 1);
  await closeRoom(bench.knex, { sessionId: session, epoch: 1 });
  await placeRoom(bench.knex, session);
  expect(await note(session, ann, 'left', 10, 1)).toBeNull();
  expect(await peopleThere(bench.knex, session)).toHaveLength(1);
  expect(await note(session, ann, 'left', 10, 2)).toBe('emptied');
});
