import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Socket, io } from 'socket.io-client';
import { v7 } from 'uuid';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { chatMarks, openChat } from '../../../db/session-chat.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { LIMITS } from '../../../workers/media/signalling/limits.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { describeMedia } from '../../support/media.ts';
import { type Guest, type RoomHost, joinRoom, startRoomHost } from '../../support/room-host.ts';
import { until } from '../../support/until.ts';

let policy: RoomPolicy;

interface Message {
  readonly text: string;
  readonly messageId: string;
}

interface Line {
  readonly socket: Socket;
  /** What was written and came here. */
  readonly read: string[];
  ask<T = { error?: string }>(event: string, body?: object): Promise<T>;
}

describeMedia('what is written in a session', () => {
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  const open: Socket[] = [];

  beforeAll(async () => {
    policy = {
      mode: 'text',
      capacity: 8,
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

  async function guest(displayName: string, role: Guest['role'] = 'participant'): Promise<Guest> {
    return { personId: await bench.person(), role, displayName };
  }

  async function come(sessionId: string, who: Guest): Promise<Line> {
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, sessionId, who);
    const socket = io(signalingUrl, {
      auth: { token },
      transports: ['websocket'],
      reconnection: false,
    });
    open.push(socket);
    const read: string[] = [];
    socket.on('chat', ({ text }: Message) => read.push(text));
    await new Promise((resolve, reject) => {
      socket.once('welcome', resolve);
      socket.once('connect_error', reject);
    });
    return {
      socket,
      read,
      ask: (event, body = {}) => socket.timeout(30_000).emitWithAck(event, body),
    };
  }

  async function history(line: Line): Promise<string[]> {
    const { messages } = await line.ask<{ messages: Message[] }>('chat-history');
    return messages.map(({ text }) => text);
  }

  async function record(sessionId: string): Promise<ChatEntry[]> {
    await rooms.signalling.settled();
    const sealing = { knex: bench.knex, cipher: createFieldCipher(keyRing) };
    return openChat(sealing, sessionId, await chatMarks(bench.knex, sessionId));
  }

  test('is kept sealed and in order; of a breakout nothing leaves it, live or later', async () => {
    const sessionId = v7();
    const people = await Promise.all([guest('Ann', 'host'), guest('Ben'), guest('Cleo')]);
    const [ann, ben, cleo] = await Promise.all(people.map((each) => come(sessionId, each)));
    await ann!.ask('chat', { text: 'Welcome' });
    await ann!.ask('create-breakouts', {
      rooms: [{ name: 'Quiet', personIds: [people[1]!.personId] }],
    });
    await ben!.ask('chat', { text: 'I am alone here' });
    await cleo!.ask('chat', { text: 'Without Ben now' });
    await ann!.ask('close-breakouts');
    await ben!.ask('chat', { text: 'Back again' });
    await until(() => [ann, ben, cleo].every((each) => each!.read.includes('Back again')));
    const all = ['Welcome', 'Without Ben now', 'Back again'];
    expect([ann!.read, cleo!.read]).toEqual([all, all]);
    expect(ben!.read).toEqual(['Welcome', 'I am alone here', 'Back again']);
    expect([await history(cleo!), await history(ben!)]).toEqual([all, ben!.read]);
    const late = await come(sessionId, await guest('Dan'));
    expect(await history(late)).toEqual(all);

    const kept = await record(sessionId);
    expect(kept.map(({ text }) => text)).toEqual([
      'Welcome',
      'I am alone here',
      'Without Ben now',
      'Back again',
    ]);
    expect(kept[1]).toMatchObject({ name: 'Ben', audience: [people[1]!.personId] });
    expect(kept[1]!.breakoutId).not.toBeNull();
    const rows = await bench.knex('session_chat').where({ session_id: sessionId });
    expect(JSON.stringify(rows.map(({ words }) => String(words)))).not.toContain('alone');
    const looks = await bench.knex('audit_entries').where({
      action: 'session_chat.read',
      object_id: sessionId,
    });
    expect(looks).toHaveLength(3);
  });

  test('nobody who waits reads it, and who comes later only where the plan says so', async () => {
    const sessionId = v7();
    policy = { ...policy, hasWaitingRoom: true, isChatShownToLater: false };
    try {
      const [host, later] = await Promise.all([guest('Ann', 'host'), guest('Ben')]);
      const ann = await come(sessionId, host);
      await ann.ask('chat', { text: 'Nobody here yet' });
      const ben = await come(sessionId, later);
      expect(await history(ben)).toEqual([]);
      expect(await ben.ask('chat', { text: 'Hello?' })).toMatchObject({ error: 'FORBIDDEN' });
      await ann.ask('admit', { personId: later.personId });
      expect(await history(ben)).toEqual([]);
      await ann.ask('chat', { text: 'Good morning' });
      expect(await history(ben)).toEqual(['Good morning']);
      expect(ann.read).toEqual(['Nobody here yet', 'Good morning']);
    } finally {
      policy = { ...policy, hasWaitingRoom: false, isChatShownToLater: true };
    }
  });

  test('sent twice it is said once, whichever path it took', async () => {
    const sessionId = v7();
    const [ann, ben] = await Promise.all([
      guest('Ann', 'host').then((who) => come(sessionId, who)),
      guest('Ben').then((who) => come(sessionId, who)),
    ]);
    const words = { text: 'Once', messageId: randomUUID() };
    const answers = await Promise.all([ann.ask('chat', words), ann.ask('chat', words)]);
    expect(answers[0]).toEqual(answers[1]);
    // The id is its sender's own: nobody can take another's word away with it.
    await ben.ask('chat', { ...words, text: 'Mine' });
    await until(() => ben.read.includes('Mine'));
    expect(ben.read).toEqual(['Once', 'Mine']);
    expect((await record(sessionId)).map(({ text }) => text)).toEqual(['Once', 'Mine']);
  });

  test('a cry for help raises one alert, also in parts, twice over and unseen by others', async () => {
    const sessionId = v7();
    const [host, who] = await Promise.all([guest('Ann', 'host'), guest('Ben')]);
    const ann = await come(sessionId, host);
    const ben = await come(sessionId, who);
    const words = { text: 'I am going to kill myself tonight', messageId: randomUUID() };
    await Promise.all([ben.ask('chat', words), ben.ask('chat', words)]);
    await ben.ask('chat', { text: 'Sorry, I meant nothing by it' });
    await until(() => ann.read.length === 2);
    await rooms.signalling.settled();
    const alerts = await bench.knex('crisis_alerts').where({ person_id: who.personId });
    expect(alerts).toHaveLength(1);
    const reports = await bench.knex('crisis_triggers').where({ alert_id: alerts[0].id });
    expect(reports).toHaveLength(1);
    const raised = await bench.knex('outbox').where({ topic: 'crisis.raised' });
    expect(raised.filter(({ payload }) => payload.alertId === alerts[0].id)).toHaveLength(1);

    const other = await guest('Cleo');
    const cleo = await come(sessionId, other);
    await cleo.ask('chat', { text: 'I am going to' });
    await cleo.ask('chat', { text: 'kill myself' });
    await rooms.signalling.settled();
    expect(await bench.knex('crisis_alerts').where({ person_id: other.personId })).toHaveLength(1);
  });

  test('goes on while the database is away, and is written down when it is back', async () => {
    const sessionId = v7();
    const ann = await come(sessionId, await guest('Ann', 'host'));
    const ben = await come(sessionId, await guest('Ben'));
    await rooms.signalling.settled();
    await bench.knex.raw('ALTER TABLE session_chat RENAME TO session_chat_away');
    try {
      for (let count = 1; count <= 5; count += 1) await ann.ask('chat', { text: `No ${count}` });
      await until(() => ben.read.length === 5);
    } finally {
      await bench.knex.raw('ALTER TABLE session_chat_away RENAME TO session_chat');
    }
    expect((await record(sessionId)).map(({ sequence, text }) => [sequence, text])).toEqual(
      [1, 2, 3, 4, 5].map((count) => [count, `No ${count}`]),
    );
  }, 120_000);

  test('beyond what may wait to be written down, it is refused and said so', async () => {
    const sessionId = v7();
    const host = await guest('Ann', 'host');
    const ann = await come(sessionId, host);
    await rooms.signalling.settled();
    await bench.knex.raw('ALTER TABLE session_chat RENAME TO session_chat_away');
    try {
      const room = (await rooms.signalling.rooms.find(sessionId))!;
      for (let count = 1; count <= LIMITS.chatUnwritten; count += 1) {
        room.chat.write(host.personId, { text: `No ${count}` });
      }
      expect(await ann.ask('chat', { text: 'One more' })).toMatchObject({
        error: 'DEPENDENCY_UNAVAILABLE',
      });
    } finally {
      await bench.knex.raw('ALTER TABLE session_chat_away RENAME TO session_chat');
    }
    expect(await record(sessionId)).toHaveLength(LIMITS.chatUnwritten);
    expect(await ann.ask('chat', { text: 'Now' })).toMatchObject({ success: true });
  }, 120_000);

  test('outlives its host: whoever comes back reads it in the next placement', async () => {
    const sessionId = v7();
    const [host, who] = await Promise.all([guest('Ann', 'host'), guest('Ben')]);
    const ann = await come(sessionId, host);
    await come(sessionId, who);
    const words = { text: 'Before', messageId: randomUUID() };
    await ann.ask('chat', words);
    await rooms.signalling.settled();
    rooms.host.endRoom(sessionId, 'lost');
    await until(() => !ann.socket.connected);
    const again = await come(sessionId, host);
    // Whoever got no answer sends it again.
    await again.ask('chat', words);
    await again.ask('chat', { text: 'After' });
    const ben = await come(sessionId, who);
    expect(await history(ben)).toEqual(['Before', 'After']);
    const kept = await record(sessionId);
    expect(kept.map(({ text }) => text)).toEqual(['Before', 'After']);
    expect(kept[1]!.epoch).toBeGreaterThan(kept[0]!.epoch);
  });
});
