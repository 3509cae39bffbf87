import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocalFileStore } from '../../../activities/gateways/file-store.ts';
import { readRecorded } from '../../../activities/recordings/sealed-recording.ts';
import { keyOf } from '../../../activities/recordings/track-keys.ts';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, createKeyRing } from '../../../crypto/key-ring.ts';
import { sayConsent } from '../../../db/recording-consents.ts';
import { type Track, recordingsOf, tracksOf } from '../../../db/recordings.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, startBrowser } from '../../support/browser.ts';
import { type MediaProcess, startMediaProcess } from '../../support/media-process.ts';
import { decode, describeRecording, ffmpegBin } from '../../support/recording.ts';
import { giveSeat } from '../../support/room-host.ts';
import { type RoomGuest, companyIn, gather, seeAndHear } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

/** What a container of media begins with. */
const CLEAR = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);

describeRecording('a recording whose host is killed', () => {
  const folder = tempFolder();
  const keysFile = join(folder, 'keys.json');
  const files = join(folder, 'recordings');
  const store = createLocalFileStore(files);
  const ran = join(folder, 'pids');
  const ffmpeg = join(folder, 'ffmpeg');
  const hosts: MediaProcess[] = [];
  let bench: SessionBench;
  let keyRing: KeyRing;
  let browser: TestBrowser;
  let sessionId: string;

  beforeAll(async () => {
    await mkdir(files);
    // The same program, which leaves behind how its processes are known.
    await writeFile(ffmpeg, `#!/bin/sh\necho $$ >> '${ran}'\nexec '${ffmpegBin}' "$@"\n`);
    await chmod(ffmpeg, 0o755);
    [bench, keyRing, browser] = await Promise.all([
      startSessionBench(),
      createKeyRing(keysFile),
      startBrowser(folder),
    ]);
    ({ id: sessionId } = await bench.book());
    await bench.knex('hosted_sessions').insert({ session_id: sessionId, is_recorded: true });
  }, 150_000);
  afterAll(async () => {
    for (const { process: host } of hosts) host.kill('SIGKILL');
    await browser.close();
    await bench.close();
  });

  async function startHost(): Promise<MediaProcess> {
    const host = await startMediaProcess(bench.databaseUrl, keysFile, { ffmpeg, folder: files });
    hosts.push(host);
    return host;
  }

  async function running(): Promise<number[]> {
    const pids = (await readFile(ran, 'utf8')).trim().split('\n').map(Number);
    return pids.filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
  }

  /** Waits until so many recordings have begun, and some of everybody is on the disk in the last one. */
  async function untilWritten(count: number, people: readonly RoomGuest[]): Promise<void> {
    await until(async () => {
      const known = await recordingsOf(bench.knex, sessionId);
      if (known.length < count) return false;
      const tracks = await tracksOf(bench.knex, [known.at(-1)!.id]);
      const written = new Set<string>();
      for (const { id, personId, source } of tracks) {
        const file = await store.open(id);
        await file?.close();
        if ((file?.sizeBytes ?? 0) > 0) written.add(`${personId} ${source}`);
      }
      return written.size === people.length * 2;
    });
  }

  async function untilReady(count: number): Promise<void> {
    await until(async () => {
      const states = (await recordingsOf(bench.knex, sessionId)).map(({ state }) => state);
      return states.filter((state) => state === 'ready').length === count;
    });
  }

  async function clear(track: Track): Promise<Readable> {
    const key = await keyOf({ knex: bench.knex, cipher: createFieldCipher(keyRing) }, track);
    return readRecorded(store, { id: track.id, key, sizeBytes: track.sizeBytes ?? 0 });
  }

  /** All that was recorded of two people plays, and the file that shows both. */
  async function plays(recordingId: string, people: readonly RoomGuest[]): Promise<void> {
    const tracks = await tracksOf(bench.knex, [recordingId]);
    const kinds = new Set(tracks.map(({ personId, source }) => `${personId ?? ''} ${source}`));
    const each = people.flatMap(({ id }) => [`${id} camera`, `${id} microphone`]);
    expect(kinds).toEqual(new Set([...each, ' mixed']));
    for (const track of tracks) {
      const { pictures, sound } = await decode(() => clear(track));
      if (track.source !== 'microphone') expect(pictures).toBeGreaterThan(1);
      if (track.source !== 'camera') expect(sound).toBeGreaterThan(100);
      expect(track.durationMs).toBeGreaterThan(0);
    }
  }

  const show = (people: readonly RoomGuest[], wanted: object): Promise<unknown> =>
    Promise.all(
      people.map(async (each) => {
        await each.reached(({ phase, recording }) => {
          const isShown = Object.entries(wanted).every(
            ([key, value]) => Reflect.get(recording ?? {}, key) === value,
          );
          return phase === 'inside' && isShown;
        });
      }),
    );

  async function moved(people: readonly RoomGuest[], connections: number): Promise<void> {
    for (const each of people) await each.reached((view) => view.connections > connections);
  }

  test('is kept as far as it came, goes on with the next host, and ends with a consent', async () => {
    const first = await startHost();
    const { guest } = companyIn(sessionId, {
      knex: bench.knex,
      keyRing,
      browser,
      person: async () => {
        const personId = await bench.person();
        await giveSeat(bench.knex, sessionId, personId);
        return personId;
      },
    });
    const [ann, ben] = [await guest('Ann', 'host'), await guest('Ben', 'participant')];
    const both = [ann, ben];
    await gather(ann, [ben]);
    await seeAndHear(both);
    for (const each of both) await each.ask('consent-to-recording', { consents: true });
    await ann.ask('start-recording');
    await show(both, { state: 'on' });
    await untilWritten(1, both);
    expect((await running()).length).toBeGreaterThan(0);

    first.process.kill('SIGKILL');
    await until(async () => (await running()).length === 0);
    const second = await startHost();
    await moved(both, 1);
    // It goes on, and everybody is shown so, for whom it goes on by their own consent.
    await show(both, { state: 'on', consent: true });
    await seeAndHear(both);
    await untilWritten(2, both);
    await untilReady(1);
    const [cut] = await recordingsOf(bench.knex, sessionId);
    await plays(cut!.id, both);

    // Who takes a consent back while nobody has the room has ended it for whoever has it next.
    second.process.kill('SIGKILL');
    await until(async () => (await running()).length === 0);
    const refusal = { sessionId, personId: ben.id, isGiven: false };
    await bench.knex.transaction((trx) => sayConsent(trx, refusal));
    await startHost();
    await moved(both, 2);
    await show(both, { state: 'off', endedBy: 'withdrawal' });
    await show([ben], { consent: false });
    await seeAndHear(both);
    await untilReady(2);
    const all = await recordingsOf(bench.knex, sessionId);
    expect(all).toHaveLength(2);
    await plays(all[1]!.id, both);
    expect(await running()).toEqual([]);
  }, 400_000);

  test('leaves no byte in clear, and no file that is not on record', async () => {
    const all = await recordingsOf(bench.knex, sessionId);
    const tracks = await tracksOf(
      bench.knex,
      all.map(({ id }) => id),
    );
    const folders = await readdir(files);
    const names = (await Promise.all(folders.map((each) => readdir(join(files, each))))).flat();
    expect(names.toSorted()).toEqual(tracks.map(({ id }) => id).toSorted());
    for (const name of names) {
      const bytes = await readFile(join(files, name.slice(-2), name));
      expect(bytes.subarray(0, 64).includes(CLEAR)).toBe(false);
    }
  });
});
