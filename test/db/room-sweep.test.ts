import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../db/knex.ts';
import { sweepRooms } from '../../db/room-sweep.ts';
import { beatHost, endHost, placeRoom } from '../../db/rooms.ts';
import { type TestDatabase, createTestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

/** A host with a room of which something is known; gone, or dead without a word, so long ago. */
async function past(hours: number, isGone: boolean): Promise<{ host: string; room: string }> {
  const [host, room] = [randomUUID(), randomUUID()];
  const beat = { hostId: host, signalingUrl: 'http://sfu.test', cores: 1, load: 0 };
  await beatHost(knex, { ...beat, state: 'active' });
  await placeRoom(knex, room);
  await knex('room_memories').insert({ session_id: room, epoch: 1, memory: Buffer.of(1) });
  if (isGone) await endHost(knex, host);
  const ago = `- ${hours} * interval '1 hour'`;
  await knex.raw(
    `UPDATE sfu_hosts SET lease_until = lease_until ${ago}, state = CASE WHEN :isGone THEN state
       ELSE 'active' END WHERE id = :host`,
    { host, isGone },
  );
  await knex.raw(
    `UPDATE rooms SET lease_until = lease_until ${ago}, closed_at = closed_at ${ago}
     WHERE session_id = ?`,
    [room],
  );
  await knex.raw(`UPDATE room_memories SET written_at = written_at ${ago} WHERE session_id = ?`, [
    room,
  ]);
  return { host, room };
}

async function left(): Promise<{ hosts: unknown[]; rooms: unknown[]; memories: unknown[] }> {
  const [hosts, rooms, memories] = await Promise.all([
    knex('sfu_hosts').pluck('id'),
    knex('rooms').pluck('session_id'),
    knex('room_memories').pluck('session_id'),
  ]);
  return { hosts, rooms, memories };
}

test('what is over goes, what lives or may come back stays', async () => {
  await past(72, true);
  await past(72, false);
  const yesterday = await past(30, false);
  const today = await past(3, true);
  const now = await past(0, false);
  // The last day's rooms tell of whom they lost; the hosts go with them.
  await Promise.all([sweepRooms(knex), sweepRooms(knex)]);
  const { hosts, rooms, memories } = await left();
  const known = [yesterday, today, now];
  expect(hosts.toSorted()).toEqual(known.map(({ host }) => host).toSorted());
  expect(rooms.toSorted()).toEqual(known.map(({ room }) => room).toSorted());
  expect(memories.toSorted()).toEqual([today.room, now.room].toSorted());
  const lost = await knex('rooms').where({ session_id: yesterday.room }).first();
  expect(lost.state).toBe('closed');
  expect(lost.closed_at).toEqual(lost.lease_until);
  expect(await knex('rooms').where({ session_id: now.room }).first('state')).toEqual({
    state: 'open',
  });
});
