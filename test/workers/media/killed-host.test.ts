import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 } from 'uuid';
import { type KeyRing, createKeyRing } from '../../../crypto/key-ring.ts';
import { openDatabase } from '../../../db/knex.ts';
import { findLiveRoom } from '../../../db/rooms.ts';
import { type TestDatabase, createTestDatabase } from '../../support/database.ts';
import { type MediaProcess, startMediaProcess } from '../../support/media-process.ts';
import { describeMedia } from '../../support/media.ts';
import { joinRoom } from '../../support/room-host.ts';
import { type Line, connectLine } from '../../support/room-line.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

describeMedia('the guard of a media host', () => {
  const keysFile = join(tempFolder(), 'keys.json');
  const hosts: MediaProcess[] = [];
  const lines: Line[] = [];
  let database: TestDatabase;
  let knex: Knex;
  let keyRing: KeyRing;

  beforeAll(async () => {
    [database, keyRing] = await Promise.all([createTestDatabase(), createKeyRing(keysFile)]);
    knex = openDatabase(database.url, { maxConnections: 4, acquireTimeoutMs: 30_000 });
  }, 120_000);
  afterEach(() => {
    for (const { socket } of lines.splice(0)) socket.close();
    for (const { process: host } of hosts.splice(0)) host.kill('SIGKILL');
  });
  afterAll(async () => {
    await knex.destroy();
    await database.drop();
  });

  async function start(): Promise<MediaProcess> {
    const host = await startMediaProcess(database.url, keysFile);
    hosts.push(host);
    return host;
  }

  async function comeTo(sessionId: string): Promise<Line> {
    const clinicId = v7();
    await knex('clinics').insert({ id: clinicId, name: 'Harbor', time_zone: 'UTC' });
    const personId = v7();
    await knex('people').insert({ id: personId, clinic_id: clinicId, role: 'counselor' });
    const guest = { personId, role: 'host', displayName: 'Ann' } as const;
    const { token, signalingUrl } = await joinRoom(knex, keyRing, sessionId, guest);
    const line = await connectLine(signalingUrl, token);
    lines.push(line);
    expect(line.told[0]?.[0]).toBe('admitted');
    return line;
  }

  async function placement(sessionId: string): Promise<{ state: string; isLeaseOver: boolean }> {
    const row = await knex('rooms')
      .where({ session_id: sessionId })
      .first('state', knex.raw('lease_until <= clock_timestamp() AS is_over'));
    return { state: row.state, isLeaseOver: row.is_over };
  }

  test('that was killed frees its rooms at once, long before their leases end', async () => {
    const sessionId = v7();
    const killed = await start();
    const { socket } = await comeTo(sessionId);
    const before = await findLiveRoom(knex, sessionId);
    killed.process.kill('SIGKILL');
    await until(() => !socket.connected);
    await until(async () => (await placement(sessionId)).state === 'closed');
    expect((await placement(sessionId)).isLeaseOver).toBe(false);
    expect(await killed.forwards()).toBe(false);
    await start();
    await comeTo(sessionId);
    const after = await findLiveRoom(knex, sessionId);
    expect(after).toMatchObject({ epoch: (before?.epoch ?? 0) + 1 });
    expect(after?.hostId).not.toBe(before?.hostId);
  }, 120_000);

  test('that was stopped ends its media before another host may have the room', async () => {
    const sessionId = v7();
    const stopped = await start();
    await comeTo(sessionId);
    stopped.process.kill('SIGSTOP');
    expect(await stopped.forwards()).toBe(true);
    await until(async () => (await placement(sessionId)).isLeaseOver);
    expect(await stopped.forwards()).toBe(false);
    // When it goes on it finds its rooms gone, and serves new ones with new workers.
    stopped.process.kill('SIGCONT');
    await until(() => stopped.forwards());
    await comeTo(sessionId);
    expect(await findLiveRoom(knex, sessionId)).toMatchObject({ epoch: 2 });
  }, 120_000);
});
