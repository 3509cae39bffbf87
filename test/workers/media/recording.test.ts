import { randomUUID } from 'node:crypto';
import { readFile, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createLocalFileStore } from '../../../activities/gateways/file-store.ts';
import { readRecorded } from '../../../activities/recordings/sealed-recording.ts';
import { keyOf } from '../../../activities/recordings/track-keys.ts';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { type Track, recordingsOf, tracksOf } from '../../../db/recordings.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { Recorder, openFfmpeg } from '../../../workers/media/recording/recorder.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, startBrowser } from '../../support/browser.ts';
import { decode, describeRecording, ffmpegBin } from '../../support/recording.ts';
import { type RoomHost, giveSeat, startRoomHost } from '../../support/room-host.ts';
import { type RoomGuest, companyIn, seeAndHear } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const policy = (): RoomPolicy => ({
  mode: 'video',
  capacity: 8,
  maxObservers: 2,
  hasWaitingRoom: true,
  opensAt: 0,
  closesAt: Date.now() + 60 * MINUTE_MS,
  graceMs: 30_000,
});

describeRecording('recordings', () => {
  const files = tempFolder();
  const store = createLocalFileStore(files);
  const pages = tempFolder();
  let bench: SessionBench;
  let rooms: RoomHost;
  let browser: TestBrowser;
  let recorder: Recorder;
  /** Transports that media leaves the rooms by. */
  const toRecorders = new Set<string>();
  let company: (sessionId: string) => ReturnType<typeof companyIn>;
  let clear: (track: Track) => Promise<Readable>;

  beforeAll(async () => {
    const keyRing = await ephemeralKeyRing();
    const cipher = createFieldCipher(keyRing);
    const log = pino({ level: 'warn' });
    const ffmpeg = await openFfmpeg(ffmpegBin ?? '');
    [bench, browser] = await Promise.all([startSessionBench(), startBrowser(pages)]);
    const { knex } = bench;
    rooms = await startRoomHost(knex, keyRing, policy, { cores: 1 }, ({ id: hostId }, sfu) => {
      const listenInfo = () => sfu.spareListenInfo;
      sfu.workers[0]!.observer.on('newrouter', ({ observer }) => {
        observer.on('newtransport', ({ id, type, observer: its }) => {
          if (type !== 'plain') return;
          toRecorders.add(id);
          its.once('close', () => toRecorders.delete(id));
        });
      });
      const deps = { knex, cipher, store, hostId, ffmpeg, livesMs: 30 * DAY_MS, listenInfo, log };
      recorder = new Recorder(deps);
      return recorder;
    });
    company = (sessionId) =>
      companyIn(sessionId, { knex, keyRing, browser, person: () => memberOf(sessionId) });
    clear = async (track) =>
      readRecorded(store, {
        id: track.id,
        key: await keyOf({ knex, cipher }, track),
        sizeBytes: track.sizeBytes ?? 0,
      });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rooms.close();
    await recorder.close();
    await bench.close();
  });

  async function recordedSession(): Promise<string> {
    const { id } = await bench.book();
    await bench.knex('hosted_sessions').insert({ session_id: id, is_recorded: true });
    return id;
  }

  async function memberOf(sessionId: string): Promise<string> {
    const personId = await bench.person();
    await giveSeat(bench.knex, sessionId, personId);
    return personId;
  }

  async function comeIn(host: RoomGuest, guest: RoomGuest): Promise<void> {
    await guest.start();
    await guest.reached(({ phase }) => phase === 'waiting');
    await host.reached(({ waiting }) => waiting.includes(guest.id));
    await host.ask('admit', { personId: guest.id });
    await guest.reached(({ phase }) => phase === 'inside');
  }

  const isState = (guest: RoomGuest, state: string): Promise<void> =>
    guest.reached(({ recording }) => recording?.state === state);

  /** Tracks of a session by the recording that they are in. */
  async function tracks(sessionId: string): Promise<Track[]> {
    const known = await recordingsOf(bench.knex, sessionId);
    return tracksOf(
      bench.knex,
      known.map(({ id }) => id),
    );
  }

  /** Waits until so much of everybody's picture and sound is on the disk. */
  async function untilWritten(sessionId: string, recordingCount: number, people: number) {
    await until(async () => {
      const known = await recordingsOf(bench.knex, sessionId);
      const latest = known.at(-1);
      if (known.length < recordingCount || latest === undefined) return false;
      const written = await Promise.all(
        (await tracksOf(bench.knex, [latest.id])).map(async ({ id, personId, source }) => {
          const file = await store.open(id);
          await file?.close();
          return (file?.sizeBytes ?? 0) > 0 ? `${personId} ${source}` : '';
        }),
      );
      return new Set(written.filter((each) => each !== '')).size === people * 2;
    });
  }

  test('two cameras that agree are recorded; who does not agree is in no recording', async () => {
    const sessionId = await recordedSession();
    const { guest } = company(sessionId);
    const [ann, ben] = [await guest('Ann', 'host'), await guest('Ben', 'participant')];
    await ann.start();
    await ann.reached(({ phase }) => phase === 'inside');
    await comeIn(ann, ben);
    await seeAndHear([ann, ben]);
    await expect(ben.ask('start-recording')).rejects.toThrow();
    await ann.ask('start-recording');
    await isState(ben, 'waiting');
    await ann.ask('consent-to-recording', { consents: true });
    expect(toRecorders.size).toBe(0);
    await ben.ask('consent-to-recording', { consents: true });
    await Promise.all([isState(ann, 'on'), isState(ben, 'on')]);
    await untilWritten(sessionId, 1, 2);
    expect(toRecorders.size).toBe(4);

    // Whoever comes without a consent ends it before anybody sees them.
    const cleo = await guest('Cleo', 'participant');
    await comeIn(ann, cleo);
    await Promise.all([ann, ben, cleo].map((each) => isState(each, 'waiting')));
    await until(() => toRecorders.size === 0);
    await seeAndHear([ann, ben, cleo]);
    await cleo.ask('consent-to-recording', { consents: false });
    expect(toRecorders.size).toBe(0);
    await cleo.leave();
    await isState(ann, 'on');
    await untilWritten(sessionId, 2, 2);

    // One who takes it back ends it, for everybody to see.
    await ben.ask('consent-to-recording', { consents: false });
    expect((await ben.view()).recording).toMatchObject({ state: 'off', endedBy: 'withdrawal' });
    await isState(ann, 'off');
    await until(() => toRecorders.size === 0);
    await until(async () => {
      await recorder.settled();
      return (await recordingsOf(bench.knex, sessionId)).every(({ state }) => state === 'ready');
    });
    const all = await tracks(sessionId);
    expect(new Set(all.map(({ personId }) => personId))).toEqual(new Set([ann.id, ben.id, null]));
    expect(await recordingsOf(bench.knex, sessionId)).toHaveLength(2);
    for (const { id } of await recordingsOf(bench.knex, sessionId)) {
      const own = all.filter(({ recordingId }) => recordingId === id);
      expect(own.map(({ source }) => source).toSorted()).toEqual(
        ['camera', 'camera', 'microphone', 'microphone', 'mixed'].toSorted(),
      );
      for (const track of own) await plays(track);
    }
    await Promise.all([ann, ben, cleo].map(({ page }) => page.close()));
  }, 180_000);

  async function plays(track: Track): Promise<void> {
    const { pictures, sound } = await decode(() => clear(track));
    const isSeen = track.source !== 'microphone';
    const isHeard = track.source !== 'camera';
    if (isSeen) expect(pictures).toBeGreaterThan(1);
    else expect(pictures).toBe(0);
    if (isHeard) expect(sound).toBeGreaterThan(100);
    else expect(sound).toBe(0);
    expect(track.durationMs).toBeGreaterThan(0);
  }

  test('nothing of it lies on the disk in clear, under no name but an id', async () => {
    const folders = await readdir(files);
    const names = (await Promise.all(folders.map((each) => readdir(join(files, each))))).flat();
    expect(names.length).toBeGreaterThan(0);
    const container = Buffer.from('webm');
    for (const name of names) {
      expect(name).toMatch(/^[0-9a-f-]{36}$/);
      const bytes = await readFile(join(files, name.slice(-2), name));
      expect(bytes.subarray(0, 64).includes(container)).toBe(false);
    }
  });

  test('what a dead host had written up to then is kept and finished by another', async () => {
    const { knex } = bench;
    const [recording] = await knex('recordings').select('id').orderBy('started_at').limit(1);
    const before = await tracksOf(knex, [recording.id]);
    // As it was a moment before: no file is whole, and one ends amid a chunk.
    const mixed = before.find(({ source }) => source === 'mixed')!;
    await knex('recording_tracks').where({ id: mixed.id }).delete();
    await knex('recording_tracks')
      .where({ recording_id: recording.id })
      .update({ duration_ms: null, size_bytes: null });
    const [cut] = before.filter(({ source }) => source === 'camera');
    const path = join(files, cut!.id.slice(-2), cut!.id);
    await truncate(path, (await readFile(path)).length - 5);
    await knex('recordings')
      .where({ id: recording.id })
      .update({ state: 'recording', ended_at: null, host_id: randomUUID(), attempts: 0 });
    await recorder.settled();
    expect(await knex('recordings').where({ id: recording.id }).first('state')).toEqual({
      state: 'ready',
    });
    const after = await tracksOf(knex, [recording.id]);
    const again = after.find(({ source }) => source === 'mixed')!;
    const { pictures, sound } = await decode(() => clear(again));
    expect(pictures).toBeGreaterThan(1);
    expect(sound).toBeGreaterThan(100);
  }, 120_000);
});
