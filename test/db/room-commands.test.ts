import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../crypto/key-ring.ts';
import { askRoom, roomCommandsAfter } from '../../db/room-commands.ts';
import type { Sealing } from '../../db/sealing.ts';
import { type SessionBench, startSessionBench } from '../activities/session/bench.ts';

let bench: SessionBench;
let sealing: Sealing;
let by: string;

beforeAll(async () => {
  bench = await startSessionBench();
  sealing = { knex: bench.knex, cipher: createFieldCipher(await ephemeralKeyRing()) };
  by = await bench.person();
});
afterAll(() => bench.close());

const lock = (isLocked: boolean) => ({ type: 'lock', by, isLocked }) as const;

test('no word for a room gets its place before the one that came earlier is to be read', async () => {
  const { id: sessionId } = await bench.book();
  // The key that the session's words are sealed with is there.
  await askRoom(sealing, sessionId, lock(true));
  const [first] = await roomCommandsAfter(sealing, sessionId, '0');
  const before: Knex.Transaction = await bench.knex.transaction();
  await askRoom({ ...sealing, knex: before }, sessionId, lock(true));
  let isSaid = false;
  const later = askRoom(sealing, sessionId, lock(false)).then(() => (isSaid = true));
  // Of another session's nobody waits for it.
  await askRoom(sealing, (await bench.book()).id, lock(true));
  const waiting = `SELECT count(*)::int AS count FROM pg_locks
    WHERE locktype = 'advisory' AND NOT granted`;
  while (!isSaid) {
    const { rows } = await bench.knex.raw<{ rows: [{ count: number }] }>(waiting);
    if (rows[0].count > 0) break;
  }
  expect(await roomCommandsAfter(sealing, sessionId, first!.id)).toEqual([]);
  await before.commit();
  await later;
  const words = await roomCommandsAfter(sealing, sessionId, first!.id);
  expect(words.map(({ command }) => command)).toEqual([lock(true), lock(false)]);
});

test('all words are read, however many', async () => {
  const { id: sessionId } = await bench.book();
  await askRoom(sealing, sessionId, lock(true));
  await bench.knex.raw(
    `INSERT INTO room_commands (session_id, kind, command, asked_by)
     SELECT session_id, kind, command, asked_by FROM room_commands, generate_series(1, 249)
     WHERE session_id = ?`,
    [sessionId],
  );
  expect(await roomCommandsAfter(sealing, sessionId, '0')).toHaveLength(250);
});
