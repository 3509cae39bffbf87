import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import type { RoomMode } from '../../../domain/room.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../../support/browser.ts';
import { type RoomHost, startRoomHost } from '../../support/room-host.ts';
import { type RoomGuest, companyIn, heardBy, seeAndHear } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';
import { widenLines } from '../../support/wide-lines.ts';

const LARGE = { width: 640, height: 360 };
/** Several pictures of a fake camera. */
const WATCH_MS = 700;
const A_CAMERA = {
  transportId: v7(),
  kind: 'video',
  source: 'camera',
  rtpParameters: {
    codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }],
    encodings: [{ ssrc: 1_234 }],
  },
};

describeBrowser('what browsers send each other', () => {
  const folder = tempFolder();
  let mode: RoomMode = 'video';
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  let browser: TestBrowser;
  let ann: RoomGuest;
  let ben: RoomGuest;
  let cleo: RoomGuest;
  let olga: RoomGuest;
  let guest: ReturnType<typeof company>;

  beforeAll(async () => {
    widenLines();
    [bench, keyRing, browser] = await Promise.all([
      startSessionBench(),
      ephemeralKeyRing(),
      startBrowser(folder),
    ]);
    rooms = await startRoomHost(bench.knex, keyRing, () => ({
      mode,
      capacity: 8,
      maxObservers: 2,
      hasWaitingRoom: false,
      opensAt: 0,
      closesAt: Date.now() + 3_600_000,
      graceMs: 30_000,
    }));
    guest = company();
    ann = await guest('Ann', 'host');
    ben = await guest('Ben', 'participant');
    cleo = await guest('Cleo', 'participant');
    olga = await guest('Olga', 'observer');
    await cleo.does('peer.sendLayered()');
    // Tabs of one browser share the camera, in the size of whoever comes first.
    await Promise.all([ann, ben, cleo, olga].map((each) => each.start(true, LARGE)));
    await seeAndHear([ann, ben, cleo]);
  }, 240_000);
  afterAll(async () => {
    await browser.close();
    await rooms.close();
    await bench.close();
  });

  function company() {
    const person = (): Promise<string> => bench.person();
    return companyIn(v7(), { knex: bench.knex, keyRing, browser, person }).guest;
  }

  const of = async (receiver: RoomGuest, sender: RoomGuest, source: string) => {
    const all = await receiver.received();
    return all.find((each) => each.personId === sender.id && each.source === source);
  };
  const amount = async (receiver: RoomGuest, sender: RoomGuest, source: string) => {
    const received = await of(receiver, sender, source);
    return source === 'microphone' ? received?.energy : received?.frames;
  };

  async function flows(receiver: RoomGuest, sender: RoomGuest, source = 'camera'): Promise<void> {
    const before = (await amount(receiver, sender, source)) ?? 0;
    await until(async () => ((await amount(receiver, sender, source)) ?? 0) > before);
  }

  async function rests(receiver: RoomGuest, sender: RoomGuest, source = 'camera'): Promise<void> {
    await until(async () => {
      const before = await amount(receiver, sender, source);
      await sleep(WATCH_MS);
      return before === (await amount(receiver, sender, source));
    });
  }

  /** The width that somebody decodes once they have asked for a layer. */
  async function widthAt(sender: RoomGuest, layer: number, fits: (width: number) => boolean) {
    const received = await of(ann, sender, 'camera');
    await ann.does(`peer.call.prefer('${received!.consumerId}', ${layer})`);
    await until(async () => fits((await of(ann, sender, 'camera'))!.width));
    await flows(ann, sender);
  }

  test('the receiver chooses the size of what is sent in three', async () => {
    await widthAt(ben, 2, (width) => width >= LARGE.width / 2);
    const large = (await of(ann, ben, 'camera'))!.width;
    await widthAt(ben, 0, (width) => width <= large / 2);
    await widthAt(ben, 2, (width) => width === large);
  }, 120_000);

  test('and of what is sent in layers of one stream', async () => {
    await widthAt(cleo, 2, (width) => width === LARGE.width);
    await widthAt(cleo, 0, (width) => width <= LARGE.width / 2);
    await widthAt(cleo, 2, (width) => width === LARGE.width);
  }, 120_000);

  test('what pauses stops, and goes on; a microphone also when a host asks for it', async () => {
    await ben.does("peer.call.pause('camera', true)");
    await rests(ann, ben);
    await flows(ann, ben, 'microphone');
    await ben.does("peer.call.pause('camera', false)");
    await flows(ann, ben);
    await expect(ben.ask('mute', { personId: ann.id })).rejects.toThrow();
    await ann.ask('mute', { personId: ben.id });
    await until(async () => (await ben.does<string[]>('peer.muteRequests')).includes('audio'));
    // It is a wish: whoever it is asked of decides.
    await flows(ann, ben, 'microphone');
    await ben.does("peer.call.pause('microphone', true)");
    await rests(ann, ben, 'microphone');
    await ben.does("peer.call.pause('microphone', false)");
    await flows(ann, ben, 'microphone');
  }, 120_000);

  test('a screen comes beside the camera, and goes again', async () => {
    await ben.does('peer.share()');
    for (const receiver of [ann, olga]) await flows(receiver, ben, 'screen');
    await flows(ann, ben);
    await ben.does("peer.call.stop('screen')");
    await until(async () => (await of(ann, ben, 'screen')) === undefined);
    await flows(ann, ben);
  }, 120_000);

  test('a lost path is followed by another, on the same connection', async () => {
    const before = await ben.does<string[]>('peer.paths');
    expect(before).toHaveLength(2);
    await ben.does('peer.losePaths()');
    await until(async () => {
      const now = await ben.does<string[]>('peer.paths');
      return now.length === 2 && now.every((path) => !before.includes(path));
    });
    await seeAndHear([ann, ben]);
    expect((await ben.view()).connections).toBe(1);
  }, 120_000);

  test('whoever only watches sees everybody, and can send nothing', async () => {
    for (const sender of [ann, ben, cleo]) await flows(olga, sender);
    // One each: a browser takes back what was refused in its own time, and can't offer more before.
    const otto = await guest('Otto', 'observer');
    await otto.start(true, LARGE);
    // Whoever receives has something to send with; before, nothing is even asked for.
    for (const sender of [ann, ben, cleo]) await flows(otto, sender);
    const attempts = [
      { observer: olga, source: 'camera' },
      { observer: otto, source: 'microphone' },
    ];
    for (const { observer, source } of attempts) {
      const sending = `peer.call.send('${source}', peer.call.tracks.get('${source}').track)`;
      const answer = await observer.does(`${sending}.then(() => 'sent', ({ message }) => message)`);
      expect(answer).toContain('You may not send this here');
      expect(await heardBy(ann)).not.toContain(observer.id);
    }
  }, 120_000);

  test('a session of sound has no pictures, and one of words neither', async () => {
    await Promise.all([ann, ben, cleo, olga].map(({ page }) => page.close()));
    mode = 'audio';
    const [dan, eve] = await twoMeet();
    await flows(eve, dan, 'microphone');
    expect(await of(eve, dan, 'camera')).toBeUndefined();
    await expect(dan.ask('produce', A_CAMERA)).rejects.toThrow('You may not send this here');
    mode = 'text';
    const [fay, gus] = await twoMeet();
    await fay.ask('chat', { text: 'In words, then' });
    await until(async () => (await gus.chat()).includes('Fay: In words, then'));
    expect(await fay.does('peer.connectionsMade')).toBe(0);
    await expect(fay.ask('produce', A_CAMERA)).rejects.toThrow('You may not send this here');
  }, 120_000);

  async function twoMeet(): Promise<[RoomGuest, RoomGuest]> {
    const guest = company();
    const names = mode === 'audio' ? ['Dan', 'Eve'] : ['Fay', 'Gus'];
    const [host, other] = [await guest(names[0]!, 'host'), await guest(names[1]!, 'participant')];
    await Promise.all([host.start(), other.start()]);
    for (const each of [host, other]) await each.reached(({ people }) => people.length === 1);
    return [host, other];
  }
});
