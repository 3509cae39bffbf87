import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { types } from 'mediasoup';
import { v7 } from 'uuid';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../../support/browser.ts';
import { type RoomHost, startRoomHost } from '../../support/room-host.ts';
import { companyIn, seeAndHear } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

const policy: RoomPolicy = {
  mode: 'video',
  capacity: 8,
  maxObservers: 0,
  hasWaitingRoom: false,
  opensAt: 0,
  closesAt: Date.now() + 3_600_000,
  graceMs: 30_000,
};

describeBrowser('a room that is spread over cores', () => {
  const folder = tempFolder();
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  let browser: TestBrowser;

  beforeAll(async () => {
    [bench, keyRing, browser] = await Promise.all([
      startSessionBench(),
      ephemeralKeyRing(),
      startBrowser(folder),
    ]);
    const size = { cores: 2, peersPerCore: 1 };
    rooms = await startRoomHost(bench.knex, keyRing, () => policy, size);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rooms.close();
    await bench.close();
  });

  test('is one room: all see and hear each other, and so again when a core has died', async () => {
    const sessionId = v7();
    const routers: types.Router[] = [];
    for (const worker of rooms.sfu.workers) {
      worker.observer.on('newrouter', (router) => routers.push(router));
    }
    const person = (): Promise<string> => bench.person();
    const { guest } = companyIn(sessionId, { knex: bench.knex, keyRing, browser, person });
    const [ann, ben] = [await guest('Ann', 'host'), await guest('Ben', 'participant')];
    for (const each of [ann, ben]) await each.start();
    await seeAndHear([ann, ben]);
    // Each has a transport to send and one to receive, and the room one for its chat; whatever
    // flows between cores takes one pipe.
    const dumps = await Promise.all(routers.map((router) => router.dump()));
    expect(dumps.map(({ transportIds }) => transportIds.length)).toEqual([4, 4]);

    const [, second] = rooms.host.rooms.find(sessionId)!.routerIds;
    for (const worker of rooms.sfu.workers) {
      const { routerIds } = await worker.dump();
      if (routerIds.includes(second!)) process.kill(worker.pid, 'SIGKILL');
    }
    for (const each of [ann, ben]) {
      await each.reached(({ phase, connections }) => phase === 'inside' && connections > 1);
    }
    await seeAndHear([ann, ben]);
    await until(() => rooms.sfu.pids.length === 2);
    const left = await bench.knex('room_presence').where({ session_id: sessionId, kind: 'left' });
    expect(left).toEqual([]);
    await Promise.all([ann.page.close(), ben.page.close()]);
  }, 120_000);
});
