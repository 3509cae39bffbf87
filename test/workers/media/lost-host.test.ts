import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 } from 'uuid';
import { type KeyRing, createKeyRing } from '../../../crypto/key-ring.ts';
import { openDatabase } from '../../../db/knex.ts';
import { presenceSummary } from '../../../db/room-presence.ts';
import { findLiveRoom } from '../../../db/rooms.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../../support/browser.ts';
import { type TestDatabase, createTestDatabase } from '../../support/database.ts';
import { startMediaProcess } from '../../support/media-process.ts';
import { companyIn, seeAndHear } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describeBrowser('a media host that is killed', () => {
  const folder = tempFolder();
  const keysFile = join(folder, 'keys.json');
  const hosts: ChildProcess[] = [];
  let database: TestDatabase;
  let knex: Knex;
  let keyRing: KeyRing;
  let browser: TestBrowser;

  beforeAll(async () => {
    [database, keyRing, browser] = await Promise.all([
      createTestDatabase(),
      createKeyRing(keysFile),
      startBrowser(folder),
    ]);
    knex = openDatabase(database.url, { maxConnections: 4, acquireTimeoutMs: 30_000 });
  }, 120_000);
  afterAll(async () => {
    for (const host of hosts) host.kill('SIGKILL');
    await browser.close();
    await knex.destroy();
    await database.drop();
  });

  async function startHost(): Promise<ChildProcess> {
    const { process: host } = await startMediaProcess(database.url, keysFile);
    hosts.push(host);
    return host;
  }

  test('everybody is back in a new room, nobody waits again, and nobody has left', async () => {
    const sessionId = v7();
    const clinicId = v7();
    await knex('clinics').insert({ id: clinicId, name: 'Harbor', time_zone: 'UTC' });
    const person = async (): Promise<string> => {
      const id = v7();
      await knex('people').insert({ id, clinic_id: clinicId, role: 'patient' });
      return id;
    };
    const first = await startHost();
    const { guest } = companyIn(sessionId, { knex, keyRing, browser, person });
    const [ann, ben] = [await guest('Ann', 'host'), await guest('Ben', 'participant')];
    await ann.start();
    await ann.reached(({ phase }) => phase === 'inside');
    await ben.start();
    await ann.reached(({ waiting }) => waiting.includes(ben.id));
    await ann.ask('admit', { personId: ben.id });
    await seeAndHear([ann, ben]);
    await ann.ask('create-breakouts', {
      rooms: [{ name: 'Quiet', personIds: [ann.id, ben.id] }],
      durationMinutes: 30,
    });
    await ben.reached(({ breakout }) => breakout === 'Quiet');
    await seeAndHear([ann, ben]);
    const before = await findLiveRoom(knex, sessionId);

    await startHost();
    first.kill('SIGKILL');
    for (const each of [ann, ben]) {
      await each.reached(({ phase, connections }) => phase === 'inside' && connections > 1);
    }
    await seeAndHear([ann, ben]);
    for (const each of [ann, ben]) expect(await each.view()).toMatchObject({ breakout: 'Quiet' });
    const after = await findLiveRoom(knex, sessionId);
    expect(after?.epoch).toBe((before?.epoch ?? 0) + 1);
    expect(after?.hostId).not.toBe(before?.hostId);
    // What the session's workflow goes by: both came, and nobody has left.
    const summary = await presenceSummary(knex, sessionId);
    expect([...(summary?.came.keys() ?? [])].toSorted()).toEqual([ann.id, ben.id].toSorted());
    expect(summary?.emptySince).toBeNull();
    const news = await knex('outbox').where({ topic: 'room.presence' }).select('payload');
    expect(news.map(({ payload }) => payload.event)).toEqual(['came', 'came']);
  }, 120_000);
});
