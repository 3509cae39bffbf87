import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { CAMERAS_SHOWN } from '../../../domain/room-stage.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../../support/browser.ts';
import { type RoomHost, startRoomHost } from '../../support/room-host.ts';
import { type RoomGuest, companyIn } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

const policy: RoomPolicy = {
  mode: 'video',
  capacity: 20,
  maxObservers: 0,
  hasWaitingRoom: false,
  opensAt: 0,
  closesAt: Date.now() + 3_600_000,
  graceMs: 30_000,
};
const RATE = 48_000;
const SECONDS = 2;

/** A sound of one channel; `isLoud` at second `at` it is heard, else it is silence. */
function wave(isLoud: (at: number) => boolean): Buffer {
  const header = Buffer.from(
    'RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x02\0\x10\0data\0\0\0\0',
    'latin1',
  );
  const sound = Buffer.alloc(RATE * SECONDS * 2);
  for (let index = 0; index < RATE * SECONDS; index += 1) {
    const at = index / RATE;
    const level = isLoud(at) ? Math.sin(at * 2 * Math.PI * 700) * 24_000 : 0;
    sound.writeInt16LE(Math.round(level), index * 2);
  }
  header.writeUInt32LE(36 + sound.length, 4);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt32LE(sound.length, 40);
  return Buffer.concat([header, sound]);
}

describeBrowser('whoever speaks', () => {
  const folder = tempFolder();
  const browsers: TestBrowser[] = [];
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;

  beforeAll(async () => {
    const kinds = { quiet: () => false, loud: (at: number) => at % 0.5 < 0.3 };
    for (const [name, isLoud] of Object.entries(kinds)) {
      const own = join(folder, name);
      await mkdir(own);
      await writeFile(join(own, 'sound.wav'), wave(isLoud));
      browsers.push(await startBrowser(own, join(own, 'sound.wav')));
    }
    [bench, keyRing] = await Promise.all([startSessionBench(), ephemeralKeyRing()]);
    rooms = await startRoomHost(bench.knex, keyRing, () => policy);
  }, 180_000);
  afterAll(async () => {
    await Promise.all(browsers.map((each) => each.close()));
    await rooms.close();
    await bench.close();
  });

  /** Sends one more thing than before. */
  const sends = (guest: RoomGuest, source: 'camera' | 'microphone'): Promise<void> => {
    const wish =
      source === 'camera'
        ? '{ video: { width: 160, height: 90, frameRate: 5 } }'
        : '{ audio: true }';
    return guest.page.evaluate(
      `navigator.mediaDevices.getUserMedia(${wish})
        .then((stream) => window.peer.call.send('${source}', stream.getTracks()[0]))`,
    );
  };

  /** Pictures decoded so far by person. */
  async function pictures(guest: RoomGuest): Promise<Map<string, number>> {
    const cameras = (await guest.received()).filter(({ source }) => source === 'camera');
    return new Map(cameras.map(({ personId, frames }) => [personId, frames]));
  }

  /** Whose pictures are decoded from now on: as soon as there are so many people with new ones. */
  async function shownTo(guest: RoomGuest, count: number, among?: string): Promise<string[]> {
    let shown: string[] = [];
    await until(async () => {
      const before = await pictures(guest);
      const rises = (now: Map<string, number>, id: string, by: number): boolean =>
        (now.get(id) ?? 0) >= (before.get(id) ?? 0) + by;
      let now = before;
      // As long as whoever is shown needs for some pictures; who is not shown has none by then.
      await until(async () => {
        now = await pictures(guest);
        return [...now.keys()].filter((id) => rises(now, id, 3)).length >= count;
      });
      shown = [...now.keys()].filter((id) => rises(now, id, 1));
      return shown.length === count && (among === undefined || shown.includes(among));
    });
    return shown;
  }

  test('is told to everybody, and is seen in a room that is too large to see all', async () => {
    const [quiet, loud] = [browsers[0]!, browsers[1]!];
    const people = { knex: bench.knex, keyRing, person: () => bench.person() };
    const sessionId = v7();
    const { guest } = companyIn(sessionId, { ...people, browser: quiet });
    const watcher = await guest('Ann', 'host');
    await watcher.start(false);
    const silent: RoomGuest[] = [];
    for (let count = 0; count <= CAMERAS_SHOWN; count += 1) {
      const each = await guest(`Guest ${count}`, 'participant');
      await each.start(false);
      await sends(each, 'camera');
      silent.push(each);
    }
    // Two with a microphone in a silent room, of whom nobody is to be told.
    for (const each of silent.slice(0, 2)) await sends(each, 'microphone');
    const speaker = await companyIn(sessionId, { ...people, browser: loud }).guest('Zoe', 'host');
    await speaker.start(false);
    await sends(speaker, 'camera');
    await until(async () => (await pictures(watcher)).size === CAMERAS_SHOWN + 2);
    let first = await shownTo(watcher, CAMERAS_SHOWN);
    // Somebody who had to connect anew sends since later than the speaker, who then sends anew, too.
    while (first.includes(speaker.id)) {
      await speaker.does("peer.call.stop('camera')");
      await sends(speaker, 'camera');
      first = await shownTo(watcher, CAMERAS_SHOWN);
    }
    expect(await watcher.does('peer.call.speakerId')).toBeNull();

    await sends(speaker, 'microphone');
    for (const each of [watcher, silent[0]!, silent[1]!, speaker]) {
      await until(
        async () => (await each.does<string | null>('peer.call.speakerId')) === speaker.id,
      );
    }
    const then = await shownTo(watcher, CAMERAS_SHOWN, speaker.id);
    expect(then).toHaveLength(CAMERAS_SHOWN);
    const gone = first.filter((id) => !then.includes(id));
    expect(gone).toHaveLength(1);
  }, 300_000);
});
