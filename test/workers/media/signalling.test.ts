import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { v7 } from 'uuid';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { issueRoomToken } from '../../../crypto/room-tokens.ts';
import { triggerTextRef } from '../../../db/crisis-carrying.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { LIMITS } from '../../../workers/media/signalling/limits.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { describeMedia } from '../../support/media.ts';
import { type Guest, type RoomHost, joinRoom, startRoomHost } from '../../support/room-host.ts';
import { type Line, connectLine } from '../../support/room-line.ts';
import { until } from '../../support/until.ts';

let policy: RoomPolicy;

const MICROPHONE = {
  kind: 'audio',
  source: 'microphone',
  rtpParameters: {
    codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
    encodings: [{ ssrc: 1_111 }],
    rtcp: { cname: 'one' },
  },
};

describeMedia('signalling', () => {
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  const open: Socket[] = [];

  beforeAll(async () => {
    policy = {
      mode: 'video',
      capacity: 3,
      maxObservers: 1,
      hasWaitingRoom: false,
      opensAt: 0,
      closesAt: Date.now() + 3_600_000,
      graceMs: 30_000,
    };
    [bench, keyRing] = await Promise.all([startSessionBench(), ephemeralKeyRing()]);
    rooms = await startRoomHost(bench.knex, keyRing, () => policy);
  }, 120_000);
  afterAll(async () => {
    for (const socket of open) socket.close();
    await rooms.close();
    await bench.close();
  });

  async function guest(role: Guest['role'], facts: object = {}): Promise<Guest> {
    return { personId: await bench.person(facts), role, displayName: role };
  }

  async function come(sessionId: string, who: Guest): Promise<Line> {
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, sessionId, who);
    return connect(signalingUrl, token);
  }

  async function connect(url: string, token: string): Promise<Line> {
    const line = await connectLine(url, token);
    open.push(line.socket);
    return line;
  }

  async function canReceive({ ask }: Line): Promise<void> {
    const { rtpCapabilities } = await ask('get-rtp-capabilities');
    await ask('set-rtp-capabilities', { rtpCapabilities: rtpCapabilities as object });
  }

  /** As the observers of the main room tell it. */
  function speaks(sessionId: string, id: unknown): void {
    const { speakers, levels } = rooms.host.rooms.find(sessionId)!.ear;
    levels.safeEmit('volumes', [{ producer: { id } as never, volume: -20 }]);
    speakers.safeEmit('dominantspeaker', { producer: { id } as never });
  }

  const spokenTo = ({ told }: Line): unknown[] =>
    told.filter(([event]) => event === 'active-speaker').map(([, body]) => Object(body).personId);

  test('who comes later is told who speaks', async () => {
    const sessionId = v7();
    const [speaker, later] = [await guest('host'), await guest('participant')];
    const speaking = await come(sessionId, speaker);
    await canReceive(speaking);
    const { transportId } = await speaking.ask('create-transport');
    const { producerId } = await speaking.ask('produce', { transportId, ...MICROPHONE });
    speaks(sessionId, producerId);
    const listening = await come(sessionId, later);
    await canReceive(listening);
    await until(() => spokenTo(listening).length > 0);
    expect(spokenTo(listening)).toEqual([speaker.personId]);
    // So is the speaker, whose page shows nobody else as speaking then; and all that it is over.
    expect(spokenTo(speaking)).toEqual([speaker.personId]);
    await speaking.ask('pause-producer', { producerId });
    for (const line of [speaking, listening]) {
      await until(() => spokenTo(line).length === 2);
      expect(spokenTo(line)).toEqual([speaker.personId, null]);
    }
  });

  test('who speaks in a breakout is told there alone', async () => {
    const sessionId = v7();
    const people = [await guest('host'), await guest('participant'), await guest('participant')];
    const [host, red, blue] = [
      await come(sessionId, people[0]!),
      await come(sessionId, people[1]!),
      await come(sessionId, people[2]!),
    ];
    for (const { personId } of people.slice(1)) await host.ask('admit', { personId });
    const microphones: unknown[] = [];
    for (const line of [host, red, blue]) {
      await canReceive(line);
      const { transportId } = await line.ask('create-transport');
      const { producerId } = await line.ask('produce', { transportId, ...MICROPHONE });
      microphones.push(producerId);
    }
    await host.ask('create-breakouts', {
      rooms: [
        { name: 'Red', personIds: [people[0]!.personId, people[1]!.personId] },
        { name: 'Blue', personIds: [people[2]!.personId] },
      ],
    });
    const lines = [host, red, blue];
    const heardAll = (): Promise<unknown> =>
      Promise.all(lines.map(({ ask }) => ask('chat-history')));
    // The main room's ear may still have heard them before they were moved.
    for (const id of microphones) speaks(sessionId, id);
    await heardAll();
    for (const line of lines) expect(spokenTo(line).filter(Boolean)).toEqual([]);
    await host.ask('close-breakouts');
    // The main room's ear listens to them again soon after they are back.
    await until(() => {
      speaks(sessionId, microphones[0]);
      return spokenTo(red).includes(people[0]!.personId);
    });
  });

  test('one answer has all that is needed to receive, and nothing that one may not hear', async () => {
    const sessionId = v7();
    policy = { ...policy, hasWaitingRoom: true };
    const people = [await guest('host'), await guest('participant'), await guest('participant')];
    const [host, red, blue] = await Promise.all(people.map((each) => come(sessionId, each)));
    policy = { ...policy, hasWaitingRoom: false };
    const send = async ({ ask }: Line): Promise<unknown> => {
      const { transportId } = await ask('create-transport');
      return (await ask('produce', { transportId, ...MICROPHONE }))['producerId'];
    };
    const { rtpCapabilities } = host!.told.find(([event]) => event === 'welcome')![1] as {
      rtpCapabilities: object;
    };
    const openMedia = ({ ask }: Line): Promise<Record<string, unknown>> =>
      ask('open-media', { rtpCapabilities });
    expect(await openMedia(red!)).toMatchObject({ success: false, error: 'FORBIDDEN' });
    for (const { personId } of people.slice(1)) await host!.ask('admit', { personId });
    const first = await send(host!);
    const breakout = { name: 'Blue', personIds: [people[2]!.personId] };
    await host!.ask('create-breakouts', { rooms: [breakout] });
    expect(await openMedia(blue!)).toMatchObject({ success: true, producers: [] });
    const { send: sending, receive, producers } = await openMedia(red!);
    expect(sending).not.toEqual(receive);
    expect(producers).toMatchObject([
      { producerId: first, personId: people[0]!.personId, source: 'microphone', kind: 'audio' },
    ]);
    const [{ consumerId }] = producers as [{ consumerId: string }];
    expect(await red!.ask('pause-consumer', { consumerId })).toEqual({ success: true });
    await host!.ask('close-breakouts');
    const second = await send(blue!);
    const news = (line: Line): unknown[] =>
      line.told.flatMap(([event, body]) =>
        event === 'new-producer' ? [(body as { producerId: string }).producerId] : [],
      );
    await until(() => news(red!).length > 0 && news(blue!).length > 0);
    expect([news(red!), news(blue!)]).toEqual([[second], [first]]);
    expect(await red!.ask('open-media', { rtpCapabilities: { codecs: 'all' } })).toMatchObject({
      error: 'MALFORMED_REQUEST',
    });
  });

  test('a token of another epoch, another host or nobody opens nothing', async () => {
    const [sessionId, ann] = [v7(), await guest('host')];
    const { signalingUrl } = await joinRoom(bench.knex, keyRing, sessionId, ann);
    const grant = { ...ann, sessionId, mode: 'video' as const, hostId: rooms.host.id, epoch: 1 };
    const tokens = await Promise.all([
      issueRoomToken(keyRing, { ...grant, epoch: 2 }),
      issueRoomToken(keyRing, { ...grant, hostId: v7() }),
      issueRoomToken(keyRing, grant, -1_000),
      issueRoomToken(await ephemeralKeyRing(), grant),
    ]);
    const codes: unknown[] = [];
    for (const token of tokens) {
      const { told } = await connect(signalingUrl, token);
      codes.push(told.map(([event, body]) => [event, (body as { data?: Refusal }).data?.error]));
    }
    expect(codes).toEqual([
      [['connect_error', 'WRONG_STATE']],
      [['connect_error', 'WRONG_STATE']],
      [['connect_error', 'TOKEN_EXPIRED']],
      [['connect_error', 'UNAUTHENTICATED']],
    ]);
  });

  test('a silent call for help pages for the therapist, and tells no client anything', async () => {
    const sessionId = v7();
    const therapist = await guest('host', { role: 'counselor', email: 'ann@example.test' });
    const client = await guest('participant');
    const [ann, ben] = [await come(sessionId, therapist), await come(sessionId, client)];
    await until(() => ann.told.some(([event]) => event === 'peer-joined'));
    const before = [ann.told.length, ben.told.length];
    expect(await ben.ask('panic')).toMatchObject({ success: false, error: 'FORBIDDEN' });
    expect(await ann.ask('panic')).toEqual({ success: true, isHeard: true });
    await rooms.signalling.settled();
    const alerts = await bench.knex('crisis_alerts').where({ person_id: therapist.personId });
    expect(alerts).toMatchObject([{ severity: 'critical', type: 'panic-button' }]);
    expect(await bench.knex('crisis_alerts').where({ person_id: client.personId })).toEqual([]);
    const [report] = await bench.knex('crisis_triggers').where({ alert_id: alerts[0].id });
    const ref = triggerTextRef({ alertId: alerts[0].id, triggerId: report.id });
    const words = await createFieldCipher(keyRing).openField(bench.knex, ref, report.details);
    expect(JSON.parse(words)).toMatchObject({
      roomSessionId: sessionId,
      concerns: client.personId,
    });
    const raised = await bench.knex('outbox').where({ topic: 'crisis.raised' });
    expect(raised).toHaveLength(1);
    expect([ann.told.length, ben.told.length]).toEqual(before);
  });

  test('a silent call says so while it is not on record, and is tried until it is', async () => {
    const sessionId = v7();
    const therapist = await guest('host');
    const ann = await come(sessionId, therapist);
    await come(sessionId, await guest('participant'));
    const lock = await bench.knex.transaction();
    await lock.raw('LOCK TABLE crisis_alerts IN ACCESS EXCLUSIVE MODE');
    expect(await ann.ask('panic')).toEqual({ success: true, isHeard: false });
    await lock.rollback();
    await rooms.signalling.settled();
    const alerts = await bench.knex('crisis_alerts').where({ person_id: therapist.personId });
    expect(alerts).toHaveLength(1);
  });

  test('a cry for help in the chat is heard, whoever may read it', async () => {
    const watcher = await guest('observer');
    const line = await come(v7(), watcher);
    const text = 'I am going to kill myself tonight';
    expect(await line.ask('chat', { text })).toMatchObject({ error: 'FORBIDDEN' });
    await rooms.signalling.settled();
    const alerts = await bench.knex('crisis_alerts').where({ person_id: watcher.personId });
    expect(alerts).toHaveLength(1);
  });

  test('a seat that could not be had is asked for again', async () => {
    const sessionId = v7();
    const line = await come(sessionId, await guest('host'));
    const media = rooms.host.rooms.find(sessionId)!;
    const taking = jest.spyOn(media, 'takeSeat').mockRejectedValueOnce(new Error('no worker'));
    expect(await line.ask('create-transport')).toMatchObject({ error: 'INTERNAL' });
    expect(await line.ask('create-transport')).toMatchObject({ success: true });
    expect(taking).toHaveBeenCalledTimes(2);
  });

  test('whoever comes by the code while its person is inside learns nothing until they are let in', async () => {
    const sessionId = v7();
    const [host, client] = [await guest('host'), await guest('participant')];
    const [ann, ben] = [await come(sessionId, host), await come(sessionId, client)];
    const other = await come(sessionId, { ...client, isByCode: true });
    expect(other.told).toMatchObject([['welcome', { place: 'waiting' }]]);
    await until(() => ann.told.some(([event]) => event === 'waiting'));
    for (const event of ['create-transport', 'chat-history', 'open-media']) {
      expect(await other.ask(event)).toMatchObject({ success: false });
    }
    await ben.ask('chat', { text: 'between us' });
    await ann.ask('admit', { personId: client.personId });
    await until(() => other.told.length > 1);
    expect(other.told[1]).toMatchObject(['admitted', { place: 'inside' }]);
    expect(await other.ask('create-transport')).toMatchObject({ success: true });
    const third = await come(sessionId, { ...client, isByCode: true });
    await ann.ask('deny', { personId: client.personId });
    await until(() => !third.socket.connected);
    expect(third.told.at(-1)?.[0]).toBe('denied');
    expect([ben.socket.connected, other.socket.connected]).toEqual([true, true]);
  });

  test('many at once: never more inside than there may be', async () => {
    const sessionId = v7();
    const guests = await Promise.all(Array.from({ length: 8 }, () => guest('participant')));
    const lines = await Promise.all(guests.map((each) => come(sessionId, each)));
    await until(() => lines.every(({ told }) => told.length > 0));
    const inside = lines.filter(({ told }) => told[0]?.[0] !== 'refused');
    expect(inside).toHaveLength(policy.capacity);
  });

  test('a connection has its limits', async () => {
    const line = await come(v7(), await guest('host'));
    const made: unknown[] = [];
    for (let n = 0; n <= LIMITS.transports; n += 1) {
      made.push((await line.ask('create-transport'))['success']);
    }
    expect(made).toEqual([true, true, true, true, false]);
    const flood = Array.from({ length: LIMITS.burst * 2 }, () =>
      line.ask('lock', { isLocked: true }),
    );
    const answers = await Promise.all(flood);
    expect(answers.some(({ error }) => error === 'RATE_LIMITED')).toBe(true);
    line.socket.emit('chat', { text: 'x'.repeat(LIMITS.messageBytes * 2) });
    await until(() => !line.socket.connected);
  });
});

interface Refusal {
  readonly error?: string;
}
