import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { v7 as uuidv7 } from 'uuid';
import { broadcast } from '../../../db/broadcasts.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';

let api: TestApi;
let nodes: [Node, Node];
const sockets: Socket[] = [];

beforeAll(async () => {
  api = await startTestApi();
  nodes = [await startNode(api), await startNode(api)];
}, 120_000);
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
});

function connect(node: Node, token?: string): Socket {
  const auth = token === undefined ? {} : { token };
  const socket = io(node.url, {
    auth,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  sockets.push(socket);
  return socket;
}

function heard<Payload = Record<string, unknown>>(socket: Socket, event: string): Promise<Payload> {
  return new Promise((resolve) => socket.once(event, resolve));
}

async function signedIn(node: Node, person: TestPerson): Promise<Socket> {
  const socket = connect(node, person.token);
  expect(await heard(socket, 'authenticated')).toMatchObject({ userId: person.id });
  return socket;
}

async function insertSession(therapist: TestPerson, client: TestPerson): Promise<string> {
  const whose = { therapistId: therapist.id, clientId: client.id };
  const row = sessionRow({ clinicId: therapist.clinicId, ...whose });
  await api.knex('sessions').insert(row);
  return row.id;
}

describe('signing in', () => {
  test('a bad token is refused at the handshake', async () => {
    const socket = connect(nodes[0], 'not.a.token');
    const error = await heard<Error & { data: unknown }>(socket, 'connect_error');
    expect(error.data).toMatchObject({ error: 'UNAUTHENTICATED' });
  });

  test('without one, `authenticate` comes first and nothing else is answered', async () => {
    const person = await api.person();
    const socket = connect(nodes[0]);
    await heard(socket, 'connect');
    const early: unknown[] = [];
    socket.emit('join-session', { sessionId: uuidv7() }, (answer: unknown) => early.push(answer));
    expect(await socket.emitWithAck('authenticate', { token: 'x' })).toMatchObject({
      success: false,
      error: 'UNAUTHENTICATED',
    });
    expect(await socket.emitWithAck('authenticate', { token: person.token })).toEqual({
      success: true,
      userId: person.id,
    });
    expect(early).toEqual([]);
  });

  test('a fresh token renews in place, another person’s does not', async () => {
    const [person, other] = [await api.person(), await api.person()];
    const socket = await signedIn(nodes[0], person);
    expect(await socket.emitWithAck('authenticate', { token: other.token })).toMatchObject({
      error: 'FORBIDDEN',
    });
    expect(await socket.emitWithAck('authenticate', { token: person.token })).toMatchObject({
      success: true,
    });
  });

  test('a revoked family loses its sockets in every process', async () => {
    const person = await api.person();
    const both = [await signedIn(nodes[0], person), await signedIn(nodes[1], person)];
    const bystander = await signedIn(nodes[1], await api.person());
    const gone = Promise.all(both.map((socket) => heard(socket, 'disconnect')));
    await api.call('POST', '/api/auth/logout', undefined, { token: person.token });
    await gone;
    expect(bystander.connected).toBe(true);
  });
});

describe('rooms', () => {
  test('ids reach the person in another process, and nobody else', async () => {
    const [person, other] = [await api.person(), await api.person()];
    const socket = await signedIn(nodes[1], person);
    const stranger = await signedIn(nodes[1], other);
    const overheard: unknown[] = [];
    stranger.onAny((...event) => overheard.push(event));
    const news = heard(socket, 'session-update');
    nodes[0].realtime.publish({
      room: `person:${person.id}`,
      event: 'session-update',
      ids: { sessionId: 's', status: 'confirmed' },
    });
    expect(await news).toEqual({ sessionId: 's', status: 'confirmed' });
    await stranger.emitWithAck('leave-session', { sessionId: uuidv7() });
    expect(overheard).toEqual([]);
  });

  test('what a transaction broadcasts goes out once with its commit, and not when it is undone', async () => {
    const person = await api.person();
    const received: unknown[] = [];
    for (const node of nodes) {
      const socket = await signedIn(node, person);
      socket.on('session-update', (ids) => received.push(ids));
    }
    const send = (status: string) => (trx: TestApi['knex']) =>
      broadcast(trx, { room: `person:${person.id}`, event: 'session-update', ids: { status } });
    await api.knex.transaction(async (trx) => {
      await send('undone')(trx);
      await trx.rollback();
    });
    await api.knex.transaction(send('first'));
    const last = Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.on('last', resolve))),
    );
    await broadcast(api.knex, { room: `person:${person.id}`, event: 'last', ids: {} });
    await last;
    expect(received).toEqual([{ status: 'first' }, { status: 'first' }]);
  });

  test('text is never broadcast', () => {
    const room = `person:${uuidv7()}` as const;
    const ids = { note: 'I feel much worse today' };
    expect(() => nodes[0].realtime.publish({ room, event: 'news', ids })).toThrow(TypeError);
  });

  test("a session's room is for those who may read it; a stranger's attempt is on record", async () => {
    const therapist = await api.person({ isTherapist: true });
    const [client, stranger] = [await api.person(), await api.person()];
    const sessionId = await insertSession(therapist, client);
    const [one, two] = [await signedIn(nodes[0], therapist), await signedIn(nodes[1], client)];
    expect(await one.emitWithAck('join-session', { sessionId })).toEqual({
      success: true,
      sessionId,
      participants: [{ userId: therapist.id }, { userId: client.id }],
      status: 'confirmed',
    });
    const joined = heard(one, 'user-joined-session');
    await two.emitWithAck('join-session', { sessionId });
    expect(await joined).toEqual({ sessionId, userId: client.id });
    const intruder = await signedIn(nodes[0], stranger);
    expect(await intruder.emitWithAck('join-session', { sessionId })).toMatchObject({
      success: false,
      error: 'NOT_FOUND',
    });
    const denied = await api
      .knex('audit_entries')
      .where({ actor_id: stranger.id, outcome: 'denied' });
    expect(denied).toHaveLength(1);
    const left = heard(one, 'user-left-session');
    await two.emitWithAck('leave-session', { sessionId });
    expect(await left).toMatchObject({ sessionId, userId: client.id, reason: 'left' });
  });
});

describe('hostile clients', () => {
  test.each([[undefined], [null], [7], [{ sessionId: 5 }], [{ sessionId: '../x' }], [[]]])(
    'the payload %j is refused without harm',
    async (payload) => {
      const socket = await signedIn(nodes[0], await api.person());
      expect(await socket.emitWithAck('join-session', payload)).toMatchObject({
        success: false,
        error: 'MALFORMED_REQUEST',
      });
    },
  );

  test('a flood waits at its own end, and an oversized event ends its own connection only', async () => {
    const [flooder, giant] = [await api.person(), await api.person()];
    const bystander = await signedIn(nodes[0], await api.person());
    const flood = await signedIn(nodes[0], flooder);
    let answered = 0;
    for (let i = 0; i < 2_000; i += 1) {
      flood.emit('leave-session', { sessionId: uuidv7() }, () => (answered += 1));
    }
    for (let i = 0; i < 20; i += 1) {
      await bystander.emitWithAck('leave-session', { sessionId: uuidv7() });
    }
    expect(answered).toBeLessThan(2_000);
    const big = await signedIn(nodes[0], giant);
    const ended = heard(big, 'disconnect');
    big.emit('join-session', { sessionId: 'x'.repeat(100_000) });
    await ended;
    expect(await bystander.emitWithAck('leave-session', { sessionId: uuidv7() })).toMatchObject({
      success: true,
    });
  });
});
