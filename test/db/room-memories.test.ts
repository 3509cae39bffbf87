import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { type FieldCipher, createFieldCipher } from '../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { type KeptMemory, keepRoomMemory, takeRoomMemory } from '../../db/room-memories.ts';
import { type TestDatabase, createTestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;
let cipher: FieldCipher;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
  cipher = createFieldCipher(await ephemeralKeyRing());
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

function kept(name: string): KeptMemory {
  const breakouts = { rooms: { one: { name } }, endsAt: null };
  const memory = { isLocked: true, admittedIds: [], removedIds: [], breakouts, people: {} };
  return { memory, heardUpTo: '7' };
}

test('what a room knew is found by its next placement, and lies sealed', async () => {
  const sessionId = randomUUID();
  const deps = { knex, cipher };
  expect(await takeRoomMemory(deps, { sessionId, epoch: 1 })).toBeNull();
  expect(await keepRoomMemory(deps, { sessionId, epoch: 1 }, kept('Grief'))).toBe(true);
  const row = await knex('room_memories').where({ session_id: sessionId }).first('memory');
  expect((row as { memory: Buffer }).memory.toString('latin1')).not.toContain('Grief');
  expect(await takeRoomMemory(deps, { sessionId, epoch: 2 })).toEqual(kept('Grief'));
});

test('a host whose placement is over never writes over what the next one knows', async () => {
  const sessionId = randomUUID();
  const deps = { knex, cipher };
  await keepRoomMemory(deps, { sessionId, epoch: 1 }, kept('Old'));
  await takeRoomMemory(deps, { sessionId, epoch: 2 });
  expect(await keepRoomMemory(deps, { sessionId, epoch: 1 }, kept('Late'))).toBe(false);
  await keepRoomMemory(deps, { sessionId, epoch: 2 }, kept('New'));
  expect(await keepRoomMemory(deps, { sessionId, epoch: 1 }, kept('Late'))).toBe(false);
  expect(await takeRoomMemory(deps, { sessionId, epoch: 3 })).toEqual(kept('New'));
});
