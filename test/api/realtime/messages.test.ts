import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { io } from 'socket.io-client';
import { v7 as uuidv7 } from 'uuid';
import { createKeyRing } from '../../../crypto/key-ring.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';
import { startKillableNode } from './killable-node.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';
import { startProxy } from './proxy.ts';
import { closeClients, follow, insertSupport, openClient, signedIn } from './people.ts';
import type { Client } from './people.ts';

let api: TestApi;
let folder: string;
let keysFile: string;
let nodes: [Node, Node];
let patient: TestPerson;
let helper: TestPerson;
let sessionId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-messages-'));
  keysFile = join(folder, 'keys.json');
  api = await startTestApi({ deps: { keyRing: await createKeyRing(keysFile) } });
  nodes = [await startNode(api), await startNode(api)];
}, 120_000);
beforeEach(async () => {
  patient = await api.person();
  helper = await api.person({ role: 'peer' });
  sessionId = await insertSupport(api, patient, helper);
});
afterEach(closeClients);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
  await rm(folder, { recursive: true });
});

const numbers = (client: Client): unknown[] =>
  client.of('new-message').map(({ messageNumber }) => messageNumber);

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

function say(client: Client, message: string): Promise<Record<string, unknown>> {
  return client.ask('send-message', { sessionId, message, messageType: 'text' });
}

test('a message goes to all participants of all processes in both shapes, and back to its sender', async () => {
  const one = await signedIn(nodes[0], patient);
  const two = await signedIn(nodes[1], helper);
  for (const client of [one, two]) await client.ask('join-session', { sessionId });
  const first = await say(one, 'Thank you for your help');
  expect(first).toMatchObject({
    success: true,
    data: { message: { id: expect.any(String), messageNumber: 1 } },
    messageData: { message: 'Thank you for your help', senderId: patient.id },
  });
  const firstId = (first['messageData'] as Record<string, unknown>)['_id'];
  const reply = { content: { text: 'You are welcome', type: 'text' }, replyTo: firstId };
  expect(await two.ask('send-message', { sessionId, ...reply })).toMatchObject({ success: true });
  for (const client of [one, two]) {
    await client.next('new-message', ({ messageNumber }) => messageNumber === 2);
    expect(client.of('new-message')).toEqual([
      expect.objectContaining({ _id: firstId, messageNumber: 1 }),
      {
        _id: expect.any(String),
        sessionId,
        senderId: {
          _id: helper.id,
          username: `u-${helper.id}`,
          profile: { firstName: 'Test' },
        },
        senderRole: 'peer',
        message: 'You are welcome',
        messageType: 'text',
        content: { text: 'You are welcome', type: 'text' },
        createdAt: expect.any(String),
        replyTo: { _id: firstId, message: 'Thank you for your help' },
        crisisDetected: false,
        messageNumber: 2,
      },
    ]);
  }
});

test('edits, deletions, reactions and the end are told to those who listen', async () => {
  const one = await signedIn(nodes[0], patient);
  const two = await signedIn(nodes[1], helper);
  for (const client of [one, two]) await client.ask('join-session', { sessionId });
  const sent = (await say(one, 'helo'))['messageData'] as Record<string, unknown>;
  const path = `/api/messages/${String(sent['_id'])}`;
  await api.call('PUT', path, { message: 'hello' }, { token: patient.token });
  expect(await two.next('message-updated')).toMatchObject({
    _id: sent['_id'],
    message: 'hello',
    messageNumber: 1,
    isEdited: true,
  });
  await api.call('POST', `${path}/reactions`, { reaction: 'heart' }, { token: helper.token });
  expect(await one.next('message-reaction')).toMatchObject({
    sessionId,
    messageId: sent['_id'],
    reactions: [{ userId: helper.id, reaction: 'heart' }],
  });
  await api.call('DELETE', path, undefined, { token: patient.token });
  expect(await two.next('message-deleted')).toMatchObject({ sessionId, _id: sent['_id'] });
  await api.call('POST', `/api/sessions/${sessionId}/end`, {}, { token: patient.token });
  for (const client of [one, two]) {
    expect(await client.next('session-status-updated')).toEqual({
      sessionId,
      oldStatus: 'active',
      newStatus: 'closed',
      updatedBy: patient.id,
      timestamp: expect.any(String),
    });
    expect(await client.next('session-update')).toEqual({ sessionId, status: 'completed' });
  }
});

test('an anonymous patient has no name and no id but in their own eyes', async () => {
  const id = await insertSupport(api, patient, helper, { isAnonymous: true });
  const one = await signedIn(nodes[0], patient);
  const two = await signedIn(nodes[1], helper);
  for (const client of [one, two]) await client.ask('join-session', { sessionId: id });
  await one.ask('typing', { sessionId: id });
  await one.ask('send-message', { sessionId: id, message: 'hi' });
  await one.next('new-message');
  await one.ask('leave-session', { sessionId: id });
  await two.next('user-left-session');
  await api.call('POST', `/api/sessions/${id}/end`, {}, { token: patient.token });
  await two.next('session-update');
  const heard = JSON.stringify(two.heard.filter(([name]) => name !== 'authenticated'));
  expect(two.of('new-message')).toHaveLength(1);
  expect(heard).not.toContain(patient.id);
  expect(heard).toContain('anonymous');
  expect(one.of('new-message')).toMatchObject([{ senderId: { _id: patient.id } }]);
});

test('a message over REST is delivered too; one with a cry for help raises the alert', async () => {
  const two = await signedIn(nodes[1], helper);
  await two.ask('join-session', { sessionId });
  const body = { sessionId, message: 'I want to kill myself tonight' };
  const { status } = await api.call('POST', '/api/messages', body, { token: patient.token });
  expect(status).toBe(201);
  expect(await two.next('new-message')).toMatchObject({
    message: body.message,
    crisisDetected: true,
  });
  expect(await api.knex('crisis_alerts').where({ person_id: patient.id })).toHaveLength(1);
});

test('strangers send and hear nothing; what they cry is heard all the same', async () => {
  const stranger = await api.person();
  const outside = await signedIn(nodes[1], stranger);
  const one = await signedIn(nodes[0], patient);
  await one.ask('join-session', { sessionId });
  expect(await outside.ask('join-session', { sessionId })).toMatchObject({ error: 'NOT_FOUND' });
  expect(await say(outside, 'I want to die, I have the pills here')).toMatchObject({
    success: false,
    error: 'NOT_FOUND',
  });
  await say(one, 'hello');
  await one.next('new-message');
  expect(outside.heard.map(([name]) => name)).toEqual(['authenticated']);
  expect(numbers(one)).toEqual([1]);
  const denied = await api
    .knex('audit_entries')
    .where({ actor_id: stranger.id, outcome: 'denied' });
  expect(denied.length).toBeGreaterThanOrEqual(2);
  expect(await api.knex('crisis_alerts').where({ person_id: stranger.id })).toHaveLength(1);
});

test('whoever takes part no more hears nothing more, in no process', async () => {
  const [one, tab] = [await signedIn(nodes[0], patient), await signedIn(nodes[1], patient)];
  const helpers = [await signedIn(nodes[0], helper), await signedIn(nodes[1], helper)];
  for (const client of [one, tab, ...helpers]) await client.ask('join-session', { sessionId });
  await say(one, 'before');
  for (const client of helpers) await client.next('new-message');
  await api
    .knex('support_participants')
    .where({ session_id: sessionId, person_id: helper.id })
    .update({ left_at: new Date() });
  await say(one, 'after');
  await tab.next('new-message', ({ messageNumber }) => messageNumber === 2);
  await one.next('new-message', ({ messageNumber }) => messageNumber === 2);
  for (const client of helpers) expect(numbers(client)).toEqual([1]);
  expect(await say(helpers[0]!, 'still here?')).toMatchObject({ success: false });
});

test('who comes in the middle of a lively talk gets every message once and in order', async () => {
  const one = await signedIn(nodes[0], patient);
  const two = await signedIn(nodes[1], helper);
  for (let at = 0; at < 20; at += 1) await say(one, `earlier ${at}`);
  const talk = Promise.all(upTo(40).map((at) => say(at % 2 === 0 ? one : two, `later ${at}`)));
  const late = await Promise.all(
    [0, 5, 20, 1, 0].map(async (lastMessageNumber, at) => {
      const client = await signedIn(nodes[at % 2]!, at % 2 === 0 ? patient : helper);
      await client.ask('join-session', { sessionId, lastMessageNumber });
      return [client, lastMessageNumber] as const;
    }),
  );
  for (const answer of await talk) expect(answer).toMatchObject({ success: true });
  for (const [client, after] of late) {
    await client.next('new-message', ({ messageNumber }) => messageNumber === 60);
    expect(numbers(client)).toEqual(upTo(60).slice(after));
  }
});

test('by its id too; a deleted message is passed over, a foreign one refused', async () => {
  const one = await signedIn(nodes[0], patient);
  const sent = [await say(one, 'a'), await say(one, 'b'), await say(one, 'c'), await say(one, 'd')];
  const ids = sent.map(({ messageData }) => (messageData as Record<string, unknown>)['_id']);
  await api.knex('chat_messages').where({ id: ids[2] }).update({ deleted_at: new Date() });
  const two = await signedIn(nodes[1], helper);
  const joined = await two.ask('join-session', { sessionId, lastMessageId: ids[0] });
  expect(joined).toMatchObject({ success: true, lastMessageNumber: 4 });
  expect(numbers(two)).toEqual([2, 4]);
  for (const lastMessageId of [uuidv7(), sessionId]) {
    expect(await two.ask('join-session', { sessionId, lastMessageId })).toMatchObject({
      error: 'NOT_FOUND',
    });
  }
});

test('a process is killed: its client comes to another and misses nothing', async () => {
  const doomed = await startKillableNode(api, keysFile, {});
  const other = await startKillableNode(api, keysFile, {});
  const two = await signedIn(other, helper);
  await two.ask('join-session', { sessionId });
  const port = await freePort();
  const proxy = await startProxy(port, doomed.url);
  const socket = io(`http://127.0.0.1:${port}`, {
    auth: { token: patient.token },
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 100,
  });
  const one = follow(socket);
  // As a client does it: on each connection it says what it has.
  socket.on('connect', () =>
    socket.emit('join-session', { sessionId, lastMessageNumber: numbers(one).length }),
  );
  await one.next('session-joined');
  for (const text of ['one', 'two']) await say(two, text);
  await until(() => numbers(one).length === 2);
  const cut = new Promise((resolve) => socket.once('disconnect', resolve));
  await doomed.kill();
  await cut;
  for (const text of ['three', 'four']) await say(two, text);
  proxy.leadTo(other.url);
  await until(() => numbers(one).length >= 4);
  await say(two, 'five');
  await until(() => numbers(one).length >= 5);
  expect(numbers(one)).toEqual(upTo(5));
  socket.disconnect();
  proxy.close();
  await other.kill();
}, 120_000);

test.each([[undefined], [null], [7], ['x'], [[]], [{}], [{ sessionId: 5, message: {} }]])(
  'garbage %j harms nobody, in any event',
  async (payload) => {
    const one = await signedIn(nodes[0], patient);
    for (const event of [
      'join-session',
      'leave-session',
      'send-message',
      'typing',
      'typing-indicator',
      'acknowledge-alert',
      'contact-made',
      'release-alert',
      'subscribe-slots',
      'authenticate',
      '__proto__',
      'constructor',
    ]) {
      expect(await one.ask(event, payload)).toMatchObject({
        success: false,
        error: 'MALFORMED_REQUEST',
        message: expect.any(String),
      });
    }
    expect(await one.ask('join-session', { sessionId })).toMatchObject({ success: true });
  },
);

test('words beside what is too deep to be written again call help, alone and in a flood', async () => {
  // As no client's library would write it.
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  const packet = `2["send-message",{"message":["I will kill myself now"],"deep":${deep}}]`;
  for (const others of [0, 120]) {
    const sender = await api.person();
    const { socket } = await signedIn(nodes[0], sender);
    for (let at = 0; at < others; at += 1) {
      socket.emit('send-message', { sessionId, message: 'spam' });
    }
    socket.io.engine.write(packet);
    await until(
      async () => (await api.knex('crisis_alerts').where({ person_id: sender.id })).length === 1,
    );
  }
});

test('whoever cries for help in a message that is refused hears of their alert and whom to call', async () => {
  const outsider = await api.person();
  const one = await signedIn(nodes[0], outsider);
  const answer = await say(one, 'I will kill myself now');
  const [alert] = await api.knex('crisis_alerts').where({ person_id: outsider.id });
  expect(answer).toMatchObject({
    success: false,
    error: 'NOT_FOUND',
    alertCreated: alert.id,
    emergencyContacts: { crisis: '988' },
  });
});

test('a flood waits at its own end: it is read for cries, others go on, nothing is lost of theirs', async () => {
  const flooder = await api.person();
  const flooding = openClient(nodes[0], flooder.token);
  await flooding.next('authenticated');
  const [one, two] = [await signedIn(nodes[0], patient), await signedIn(nodes[1], helper)];
  for (const client of [one, two]) await client.ask('join-session', { sessionId });
  const foreign = { sessionId, message: 'spam' };
  for (let at = 0; at < 500; at += 1) {
    flooding.socket.emit(
      'send-message',
      at === 450 ? { ...foreign, message: 'I will kill myself now' } : foreign,
    );
    flooding.socket.emit('typing', { sessionId, isTyping: at % 2 === 0 });
  }
  for (let at = 0; at < 30; at += 1)
    expect(await say(one, 'calm')).toMatchObject({ success: true });
  await until(() => numbers(two).length === 30);
  expect(numbers(two)).toEqual(upTo(30));
  await until(
    async () => (await api.knex('crisis_alerts').where({ person_id: flooder.id })).length === 1,
  );
});
