import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { attendanceOf } from '../../../db/session-attendance.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../../support/browser.ts';
import { type RoomHost, startRoomHost } from '../../support/room-host.ts';
import {
  type RoomGuest,
  companyIn,
  gather,
  heardBy,
  seeAndHear,
} from '../../support/room-people.ts';
import { startCut } from '../../support/cut.ts';
import { startIntruder } from '../../support/intruder.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

const HOUR_MS = 3_600_000;
const policy = (): RoomPolicy => ({
  mode: 'video',
  capacity: 8,
  maxObservers: 2,
  hasWaitingRoom: true,
  opensAt: 0,
  closesAt: Date.now() + HOUR_MS,
  graceMs: 30_000,
});

describeBrowser('rooms in a browser', () => {
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
    rooms = await startRoomHost(bench.knex, keyRing, policy);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rooms.close();
    await bench.close();
  });

  const company = (sessionId: string, url?: () => string) => {
    const person = (): Promise<string> => bench.person();
    return companyIn(sessionId, { knex: bench.knex, keyRing, browser, person, url });
  };

  test('two see and hear each other, through the waiting room, a breakout and back', async () => {
    const sessionId = v7();
    const { guest } = company(sessionId);
    const ann = await guest('Ann', 'host');
    const ben = await guest('Ben', 'participant');
    await ann.start();
    await ben.start();
    await ben.reached(({ phase }) => phase === 'waiting');
    // Who waits is shown nobody and sent nothing.
    expect(await ben.view()).toMatchObject({ people: [] });
    expect(await heardBy(ben)).toEqual([]);
    await ann.ask('admit', { personId: ben.id });
    await seeAndHear([ann, ben]);

    await ann.ask('create-breakouts', { rooms: [{ name: 'Quiet', personIds: [ben.id] }] });
    await ben.reached(({ breakout }) => breakout === 'Quiet');
    await until(async () => (await heardBy(ann)).length + (await heardBy(ben)).length === 0);
    const breakoutId = (await ann.view()).breakouts[0]?.id;
    await ann.ask('assign-breakout', { personId: ann.id, breakoutId });
    await seeAndHear([ann, ben]);
    await ann.ask('close-breakouts');
    await ben.reached(({ breakout }) => breakout === null);
    await seeAndHear([ann, ben]);

    await ben.ask('chat', { text: 'Until next week' });
    await until(async () => (await ann.chat()).includes('Ben: Until next week'));
    await ben.leave();
    await ann.reached(({ people }) => people.length === 0);
    await ann.leave();
    await until(async () => {
      const there = await attendanceOf(bench.knex, sessionId);
      return there.length === 2 && there.every(({ leftAt }) => leftAt !== null);
    });
    await Promise.all([ann.page.close(), ben.page.close()]);
  }, 120_000);

  test('six see and hear each other, in two breakouts only those who are in theirs', async () => {
    const { guest } = company(v7());
    const ann = await guest('Ann', 'host');
    const others: RoomGuest[] = [];
    for (const name of ['Ben', 'Cleo', 'Dan', 'Eve', 'Fay']) {
      others.push(await guest(name, 'participant'));
    }
    await gather(ann, others);
    await seeAndHear([ann, ...others]);
    const [red, blue] = [others.slice(0, 2), others.slice(2)];
    await ann.ask('create-breakouts', {
      rooms: [
        { name: 'Red', personIds: red.map(({ id }) => id) },
        { name: 'Blue', personIds: blue.map(({ id }) => id) },
      ],
    });
    for (const group of [red, blue]) {
      for (const one of group) {
        const rest = group.filter((each) => each !== one).map(({ id }) => id);
        await until(async () => String(await heardBy(one)) === String(rest.toSorted()));
      }
      await seeAndHear(group);
    }
    expect(await heardBy(ann)).toEqual([]);
    await ann.ask('close-breakouts');
    await seeAndHear([ann, ...others]);
    await Promise.all([ann, ...others].map(({ page }) => page.close()));
  }, 120_000);

  test('ten seconds without a network are one attendance', async () => {
    const sessionId = v7();
    const cut = await startCut(rooms.url);
    const { guest } = company(sessionId, () => cut.url);
    const [ann, ben] = [await guest('Ann', 'host'), await guest('Ben', 'participant')];
    await gather(ann, [ben]);
    await seeAndHear([ann, ben]);
    await cut.off();
    await ben.reached(({ phase }) => phase === 'reconnecting');
    await sleep(10_000);
    await cut.on();
    await seeAndHear([ann, ben]);
    const rows = await bench.knex('room_presence').where({ session_id: sessionId });
    const noted = rows.filter(({ kind }) => kind !== 'waiting').map((row) => row.kind);
    expect(noted).toEqual(['joined', 'joined']);
    const attendance = await attendanceOf(bench.knex, sessionId);
    expect(attendance).toHaveLength(2);
    for (const { insideMs } of attendance) expect(insideMs).toBeGreaterThan(10_000);
    // Nor has the session's workflow heard of anybody's going.
    const news = await bench.knex('outbox').where({ topic: 'room.presence' }).select('payload');
    const heard = news.filter(({ payload }) => payload.sessionId === sessionId);
    expect(heard.map(({ payload }) => payload.event)).toEqual(['came', 'came']);
    await Promise.all([ann.page.close(), ben.page.close(), cut.close()]);
  }, 120_000);

  test('whoever sends rubbish disturbs nobody else', async () => {
    const { guest } = company(v7());
    const [ann, ben] = [await guest('Ann', 'host'), await guest('Ben', 'participant')];
    await gather(ann, [ben]);
    await seeAndHear([ann, ben]);
    const mallory = await startIntruder(bench, keyRing);
    expect(await mallory.rubbish()).toEqual(Array(mallory.attempts).fill('MALFORMED_REQUEST'));
    await mallory.datagrams(rooms.mediaPort, 3_000);
    await seeAndHear([ann, ben]);
    expect(rooms.sfu.workers).toHaveLength(1);
    mallory.close();
    await Promise.all([ann.page.close(), ben.page.close()]);
  }, 120_000);
});
