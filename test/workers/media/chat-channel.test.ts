import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { chatMarks, openChat } from '../../../db/session-chat.ts';
import type { RoomMode, RoomPolicy } from '../../../domain/room.ts';
import { LIMITS } from '../../../workers/media/signalling/limits.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../../support/browser.ts';
import { type RoomHost, startRoomHost } from '../../support/room-host.ts';
import { type RoomGuest, companyIn } from '../../support/room-people.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

let mode: RoomMode = 'audio';
const policy = (): RoomPolicy => ({
  mode,
  capacity: 8,
  maxObservers: 2,
  hasWaitingRoom: false,
  opensAt: 0,
  closesAt: Date.now() + 3_600_000,
  graceMs: 30_000,
});

interface Channels {
  readonly received: number;
  readonly sent: number;
  readonly open: number;
}

describeBrowser('what is written travels on data channels', () => {
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

  async function company(sessionId: string, names: readonly string[]): Promise<RoomGuest[]> {
    const person = (): Promise<string> => bench.person();
    const { guest } = companyIn(sessionId, { knex: bench.knex, keyRing, browser, person });
    const guests: RoomGuest[] = [];
    for (const name of names) {
      const one = await guest(name, name === 'Ann' ? 'host' : 'participant');
      await one.start(false);
      await one.reached(({ phase }) => phase === 'inside');
      guests.push(one);
    }
    return guests;
  }

  const channels = ({ page }: RoomGuest): Promise<Channels> =>
    page.evaluate('window.peer.channels()');
  const write = ({ page }: RoomGuest, text: string): Promise<void> =>
    page.evaluate(`window.peer.call.write(${JSON.stringify(text)})`);

  /** Both ways are open, and the room has been told so. */
  async function connected(guests: readonly RoomGuest[]): Promise<void> {
    const ids = guests.map(({ id }) => id);
    await until(async () => {
      const open = await Promise.all(guests.map(channels));
      const peers = rooms.signalling.rooms.sessionIds.map((id) => rooms.signalling.rooms.find(id));
      const told = (await Promise.all(peers)).flatMap((room) => [...(room?.peers.values() ?? [])]);
      const heard = told.filter(({ chat }) => chat.isOpen).map(({ personId }) => personId);
      return open.every((each) => each.open === 2) && ids.every((id) => heard.includes(id));
    });
  }

  async function record(sessionId: string): Promise<string[]> {
    await rooms.signalling.settled();
    const sealing = { knex: bench.knex, cipher: createFieldCipher(keyRing) };
    const marks = await chatMarks(bench.knex, sessionId);
    return (await openChat(sealing, sessionId, marks)).map(({ text }) => text);
  }

  test('from one tab into the other, by the channel and not by signalling', async () => {
    const sessionId = v7();
    const [ann, ben] = (await company(sessionId, ['Ann', 'Ben'])) as [RoomGuest, RoomGuest];
    await connected([ann, ben]);
    const before = await Promise.all([ann, ben].map(channels));
    await write(ben, 'Grüße 👋');
    await write(ann, 'Hello Ben');
    await until(async () => (await ann.chat()).length === 2 && (await ben.chat()).length === 2);
    expect(await ann.chat()).toEqual(['Ben: Grüße 👋', 'Ann: Hello Ben']);
    const after = await Promise.all([ann, ben].map(channels));
    after.forEach((each, at) => {
      expect(each.received - before[at]!.received).toBe(2);
      expect(each.sent - before[at]!.sent).toBe(1);
    });
    // Who comes later is shown what was written before.
    const [cleo] = await company(sessionId, ['Cleo']);
    await until(async () => (await cleo!.chat()).length === 2);
    expect(await record(sessionId)).toEqual(['Grüße 👋', 'Hello Ben']);

    await ann.ask('create-breakouts', { rooms: [{ name: 'Quiet', personIds: [ben.id] }] });
    await ben.reached(({ breakout }) => breakout === 'Quiet');
    const apart = await Promise.all([ann, cleo!].map(channels));
    await write(ben, 'Nobody hears me');
    await write(ann, 'Without Ben');
    await until(async () => (await cleo!.chat()).includes('Ann: Without Ben'));
    await until(async () => (await ben.chat()).length === 3 && (await ann.chat()).length === 3);
    const both = ['Ben: Grüße 👋', 'Ann: Hello Ben'];
    expect(await ben.chat()).toEqual([...both, 'Ben: Nobody hears me']);
    expect(await ann.chat()).toEqual([...both, 'Ann: Without Ben']);
    expect((await channels(ann)).received - apart[0]!.received).toBeLessThanOrEqual(1);
    await Promise.all([ann, ben, cleo!].map(({ page }) => page.close()));
  }, 120_000);

  test('a cry for help on the channel raises one alert, though it is sent again by signalling', async () => {
    const [ann, ben] = (await company(v7(), ['Ann', 'Ben'])) as [RoomGuest, RoomGuest];
    await connected([ann, ben]);
    const words = { text: 'I am going to kill myself tonight', messageId: v7() };
    await ben.page.evaluate(`window.peer.raw(${JSON.stringify(JSON.stringify(words))})`);
    await until(async () => (await ann.chat()).length === 1);
    await ben.ask('chat', words);
    await rooms.signalling.settled();
    const alerts = await bench.knex('crisis_alerts').where({ person_id: ben.id });
    expect(alerts).toHaveLength(1);
    const reports = await bench.knex('crisis_triggers').where({ alert_id: alerts[0].id });
    expect(reports).toHaveLength(1);
    expect(await ann.chat()).toHaveLength(1);
    await Promise.all([ann, ben].map(({ page }) => page.close()));
  }, 120_000);

  test('garbage on a channel is refused and disturbs nobody; who floods is put out', async () => {
    const sessionId = v7();
    const guests = await company(sessionId, ['Ann', 'Ben', 'Mallory']);
    const [ann, ben, mallory] = guests as [RoomGuest, RoomGuest, RoomGuest];
    await connected(guests);
    const texts = ['', '{', 'null', '[]', '{"text":7}', '{"text":""}', '"text"', '\u0000'];
    const long = JSON.stringify({ text: 'x'.repeat(2_001) });
    await mallory.page.evaluate(
      `for (const each of ${JSON.stringify([...texts, long])}) window.peer.raw(each)`,
    );
    // Bytes: some are a well-formed message, some no UTF-8 at all.
    await mallory.page.evaluate(`{
      window.peer.raw(new TextEncoder().encode('{"text":"as bytes"}'));
      window.peer.raw(new Uint8Array([0xff, 0xfe, 0x80, 0x00]));
      window.peer.raw(new Uint8Array(0));
    }`);
    const tooLarge = mallory.page.evaluate(
      `window.peer.raw('y'.repeat(${LIMITS.channelBytes * 4}))`,
    );
    await tooLarge.catch(() => undefined);
    await write(ann, 'Still here');
    await until(async () => (await ben.chat()).includes('Ann: Still here'));
    await mallory.page.evaluate(
      `for (let n = 0; n < 20_000; n += 1) window.peer.raw('{"text":7}')`,
    );
    await until(async () => (await mallory.view()).connections > 1);
    await write(ben, 'Nothing happened');
    await until(async () => (await ann.chat()).includes('Ben: Nothing happened'));
    expect(await record(sessionId)).toEqual(['Still here', 'Nothing happened']);
    expect(rooms.sfu.workers).toHaveLength(1);
    await Promise.all(guests.map(({ page }) => page.close()));
  }, 120_000);

  test('without a channel signalling serves: in a room of text, and where one is lost', async () => {
    mode = 'text';
    try {
      const [ann, ben] = (await company(v7(), ['Ann', 'Ben'])) as [RoomGuest, RoomGuest];
      await write(ben, 'Just words');
      await until(async () => (await ann.chat()).includes('Ben: Just words'));
      expect(await channels(ann)).toEqual({ received: 0, sent: 0, open: 0 });
      await Promise.all([ann, ben].map(({ page }) => page.close()));
    } finally {
      mode = 'audio';
    }
    const [ann, ben] = (await company(v7(), ['Ann', 'Ben'])) as [RoomGuest, RoomGuest];
    await connected([ann, ben]);
    // The host stops listening to Ben's channel, and does not say so.
    const [room] = await Promise.all(
      rooms.signalling.rooms.sessionIds.map((id) => rooms.signalling.rooms.find(id)),
    );
    for (const peer of room!.peers.values()) {
      if (peer.personId === ben.id) await peer.chat.incoming!.pause();
    }
    await write(ben, 'Another way');
    await until(async () => (await ann.chat()).includes('Ben: Another way'));
    expect(await ben.chat()).toEqual(['Ben: Another way']);
    await Promise.all([ann, ben].map(({ page }) => page.close()));
  }, 120_000);
});
