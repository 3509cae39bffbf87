import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { loadDocument, operationsOf } from '../../../api/http/document.ts';
import { verifyRoomToken } from '../../../crypto/room-tokens.ts';
import { roomCommandsAfter } from '../../../db/room-commands.ts';
import { noteRemoval } from '../../../db/room-removals.ts';
import { beatHost, endHost } from '../../../db/rooms.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { type RoomSessions, roomSessions } from '../../support/room-sessions.ts';

let api: TestApi;
let therapist: TestPerson;
let client: TestPerson;
let session: RoomSessions['session'];
let group: RoomSessions['group'];

beforeAll(async () => {
  api = await startTestApi();
  therapist = await api.person({ isTherapist: true });
  client = await api.person();
  ({ session, group } = roomSessions(api, therapist, client));
}, 120_000);
afterAll(() => api.close());

function call(
  by: TestPerson | null,
  method: string,
  path: string,
  body?: unknown,
): Promise<TestReply> {
  return api.call(
    method,
    `/api/teletherapy/sessions/${path}`,
    body,
    by === null ? {} : { token: by.token },
  );
}

async function withHost<T>(work: (hostId: string) => Promise<T>): Promise<T> {
  const hostId = uuidv7();
  const signalingUrl = 'http://sfu.test:1';
  await beatHost(api.knex, { hostId, signalingUrl, cores: 2, load: 0, state: 'active' });
  try {
    return await work(hostId);
  } finally {
    await endHost(api.knex, hostId);
  }
}

describe('joining', () => {
  test('without a video host is told to come back', async () => {
    const id = await session(1);
    const { status, body, headers } = await call(client, 'POST', `${id}/join`, {});
    expect([status, body['error']]).toEqual([503, 'Service Unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('gives a token for the room; the host is in at once, others wait for the host', async () => {
    await withHost(async (hostId) => {
      const id = await session(5);
      const [host, guest] = await Promise.all(
        [therapist, client].map((person) => call(person, 'POST', `${id}/join`, {})),
      );
      expect(host!.body).toMatchObject({ admitted: true, signalingUrl: 'http://sfu.test:1' });
      expect(guest!.body).toMatchObject({
        admitted: false,
        iceServers: [],
        room: { id, mode: 'video', role: 'participant', capacity: 2 },
      });
      const { keyRing } = api.deps;
      const grant = await verifyRoomToken(keyRing, String(guest!.body['token']), { hostId });
      expect(grant).toMatchObject({
        sessionId: id,
        personId: client.id,
        role: 'participant',
        mode: 'video',
        epoch: 1,
      });
    });
  });

  test('comes too soon for guests until the room opens, by its plan or by its host', async () => {
    await withHost(async () => {
      const id = await session(30);
      const early = await call(client, 'POST', `${id}/join`, {});
      expect([early.status, early.body['statusCode']]).toEqual([422, 422]);
      expect(early.body['opensAt']).toEqual(expect.any(String));
      expect((await call(therapist, 'POST', `${id}/join`, {})).status).toBe(200);
      await call(therapist, 'PATCH', `${id}/status`, { status: 'waiting' });
      expect((await call(client, 'POST', `${id}/join`, {})).status).toBe(200);
    });
  });

  test.each([
    ['is over', { status: 'completed' }],
    ['was cancelled', { status: 'cancelled' }],
    ['waits for its payment', { status: 'awaiting_payment', payment: 'due' }],
    ['is in person', { format: 'in_person' }],
    ['has no room', { plan: JSON.stringify({ ...DEFAULT_PLAN, room: null }) }],
  ])('is refused where the session %s', async (_name, more) => {
    await withHost(async () => {
      const id = await session(1, more);
      expect((await call(therapist, 'POST', `${id}/join`, {})).status).toBe(409);
    });
  });

  test('a crisis waits for nobody, and for no time', async () => {
    await withHost(async () => {
      const id = await session(45, { door: 'crisis' });
      const { status, body } = await call(client, 'POST', `${id}/join`, {});
      expect([status, body['admitted']]).toEqual([200, true]);
    });
  });

  test('by the access code is the client’s way in; a wrong one and no session are the same', async () => {
    await withHost(async (hostId) => {
      const id = await session(1);
      const knock = (to: string, accessCode: string) =>
        call(null, 'POST', `${to}/access`, { accessCode });
      const { status, body } = await knock(id, 'abcdefgh2');
      expect([status, body['admitted']]).toEqual([200, false]);
      const token = String(body['token']);
      const grant = await verifyRoomToken(api.deps.keyRing, token, { hostId });
      expect(grant).toMatchObject({ personId: client.id, role: 'participant', isByCode: true });
      const [wrong, nobody, session404] = await Promise.all([
        knock(id, 'ABCDEFGH3'),
        knock(randomUUID(), 'ABCDEFGH2'),
        knock('no-id', id),
      ]);
      expect(wrong.status).toBe(404);
      expect(nobody.body).toEqual(wrong.body);
      expect(session404.body).toEqual(wrong.body);
      const several = await group(1, [client]);
      expect((await knock(several, 'ABCDEFGH2')).status).toBe(422);
    });
  });

  test('whoever was removed is given no pass, whichever way they come', async () => {
    await withHost(async () => {
      const id = await session(1);
      const removal = { sessionId: id, personId: client.id, by: therapist.id };
      await api.knex.transaction((trx) => noteRemoval(trx, removal));
      const ways = [
        await call(client, 'POST', `${id}/join`, {}),
        await call(null, 'POST', `${id}/access`, { accessCode: 'ABCDEFGH2' }),
        await call(therapist, 'POST', `${id}/join`, {}),
      ];
      expect(ways.map(({ status }) => status)).toEqual([403, 403, 200]);
    });
  });
});

describe('notes', () => {
  test('that are signed off are answered as they were signed, and the look at them is on record', async () => {
    const id = await session(60);
    const write = (body: object) => call(therapist, 'PATCH', `${id}/notes`, body);
    await write({ notes: 'Draft 0' });
    const replies = await Promise.all(
      Array.from({ length: 6 }, (_, index) => [
        write({ signOff: true }),
        write({ notes: `Draft ${String(index + 1)}` }),
      ]).flat(),
    );
    const listed = await call(therapist, 'GET', `${id}/notes`);
    const versions = listed.body['versions'] as readonly Record<string, unknown>[];
    for (const [index, { status, body }] of replies.entries()) {
      const kept = versions[Number(body['notesVersion']) - 1]!;
      expect([status, body['notes']]).toEqual([200, kept['notes']]);
      const isSigning = index % 2 === 0;
      expect(body['notesSignedAt']).toBe(isSigning ? kept['signedAt'] : null);
      if (isSigning) expect(kept['signedAt']).not.toBeNull();
    }
    const looks = await api
      .knex('audit_entries')
      .where({ action: 'session_note.read', object_id: id, actor_id: therapist.id });
    // Six that were signed, and the list of them all.
    expect(looks).toHaveLength(7);
  });

  test('are kept in every version, sealed, and signed off for good; only the therapist reads', async () => {
    const id = await session(60);
    const write = (body: object) => call(therapist, 'PATCH', `${id}/notes`, body);
    expect((await write({})).status).toBe(400);
    expect((await write({ signOff: true })).status).toBe(409);
    const texts = Array.from({ length: 8 }, (_, index) => `Sleeps badly ${String(index)}`);
    const replies = await Promise.all(texts.map((notes) => write({ notes })));
    const versions = replies.map(({ body }) => Number(body['notesVersion']));
    expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await write({ signOff: true })).body).toMatchObject({
      notesVersion: 8,
      notesSignedAt: expect.any(String),
    });
    await write({ notes: 'An addition' });

    const listed = await call(therapist, 'GET', `${id}/notes`);
    const all = listed.body['versions'] as { notes: string; signedAt: string | null }[];
    expect(all.map(({ signedAt }) => signedAt !== null).indexOf(true)).toBe(7);
    expect(
      all
        .slice(0, 8)
        .map(({ notes }) => notes)
        .toSorted(),
    ).toEqual(texts);
    expect(all[8]).toMatchObject({ notes: 'An addition', signedAt: null });

    const rows = await api.knex('session_notes').where({ session_id: id });
    expect(JSON.stringify(rows.map(({ body }) => String(body)))).not.toContain('Sleeps');
    const signed = api.knex('session_notes').where({ session_id: id, version: 8 });
    await expect(signed.update({ body: Buffer.from('x') })).rejects.toThrow('stays as it is');
  });

  test('show in the session to its therapist alone, and each look is on record', async () => {
    const id = await session(60);
    const notes = 'Afraid of heights';
    await call(therapist, 'PATCH', `${id}/notes`, { notes });
    const staff = await api.person({ role: 'staff' });
    const [own, others, clinic] = await Promise.all(
      [therapist, client, staff].map((person) => call(person, 'GET', id)),
    );
    expect(own!.body).toMatchObject({ notes, notesVersion: 1 });
    expect([others!.status, clinic!.status]).toEqual([200, 200]);
    expect(Object.keys({ ...others!.body, ...clinic!.body })).not.toContain('notes');
    expect((await call(client, 'GET', `${id}/notes`)).status).toBe(403);
    const looks = await api
      .knex('audit_entries')
      .where({ action: 'session_note.read', object_id: id, actor_id: therapist.id });
    expect(looks).toHaveLength(1);
    expect(JSON.stringify(api.logged)).not.toContain('heights');
  });
});

test('what is asked of a room reaches whoever hosts it, in order, and nobody else in clear', async () => {
  const members = [await api.person(), await api.person()];
  const id = await group(5, members);
  const ask = (body: object) => call(therapist, 'POST', `${id}/breakout-rooms`, body);
  const [a, b] = members.map((member) => member.id);
  const rooms = [
    { name: 'Fears', participantIds: [a] },
    { name: 'Hopes', participantIds: [] },
  ];
  const made = await ask({ action: 'create', rooms, durationMinutes: 10 });
  expect(made.status).toBe(201);
  await ask({ action: 'assign', rooms: [{ name: 'hopes', participantIds: [a, b] }] });
  await ask({ action: 'broadcast', message: 'Two minutes' });
  const standing = await ask({ action: 'assign', rooms: [{ name: 'fears', participantIds: [b] }] });
  expect(standing.body['rooms']).toMatchObject([
    { name: 'Fears', participantIds: [b] },
    { name: 'Hopes', participantIds: [a] },
  ]);
  expect((await ask({ action: 'close' })).body['rooms']).toEqual([]);
  await call(members[0]!, 'POST', `${id}/leave`, {});

  const commands = await roomCommandsAfter(api.deps, id, '0');
  expect(commands.map(({ command }) => command.type)).toEqual([
    'create_breakouts',
    'assign_breakout',
    'assign_breakout',
    'broadcast',
    'assign_breakout',
    'close_breakouts',
    'leave_room',
  ]);
  expect(commands[0]!.command).toMatchObject({
    by: therapist.id,
    rooms: [{ name: 'Fears', personIds: [a] }, { name: 'Hopes' }],
    durationMs: 600_000,
  });
  const rows = await api.knex('room_commands').where({ session_id: id });
  expect(JSON.stringify(rows.map(({ command }) => String(command)))).not.toContain('Two minutes');
  const one = await session(5);
  const refused = await call(therapist, 'POST', `${one}/breakout-rooms`, { action: 'close' });
  expect(refused.status).toBe(422);
});

test('whoever is added to a session is let back into its room, where there ever was one', async () => {
  const [one, several] = [await session(5), await group(5, [client])];
  const add = (id: string) =>
    call(therapist, 'POST', `${id}/participants`, { participantIds: [client.id] });
  const words = async (id: string): Promise<unknown[]> =>
    (await roomCommandsAfter(api.deps, id, '0')).map(({ command }) => command);
  const word = { type: 'readmit', by: therapist.id, personId: client.id };
  for (const id of [one, several]) {
    await add(id);
    expect(await words(id)).toEqual([]);
    await withHost(() => call(therapist, 'POST', `${id}/join`, {}));
    await add(id);
    expect(await words(id)).toEqual([word]);
  }
});

test('recordings say what there is, and of everybody whether they agree', async () => {
  const id = await session(5);
  await call(client, 'PATCH', `${id}/recordings`, { consent: true });
  await call(client, 'PATCH', `${id}/recordings`, { consent: false });
  const { body } = await call(therapist, 'GET', `${id}/recordings`);
  expect(body).toMatchObject({
    available: false,
    recordings: [],
    consents: [{ consent: null }, { id: client.id, consent: false }],
  });
  const transcript = await call(client, 'GET', `${id}/transcript`);
  expect(transcript.body).toMatchObject({ available: false, segments: [] });
});

/** What clients send that is none of it: no part of it may be the product's fault. */
const GARBAGE: readonly unknown[] = [
  {},
  [],
  { status: 'x', notes: '\u0000', participantIds: ['x'], participantId: 7, role: null, action: [] },
  {
    status: ['waiting'],
    participantIds: [randomUUID()],
    participantId: randomUUID(),
    role: 'host',
  },
  { action: 'create', rooms: [{ name: ' ', participantIds: [] }], durationMinutes: 1e99 },
  { action: 'assign', rooms: null, accessCode: '\ud800', notes: 'x'.repeat(60_000) },
  {
    title: '',
    type: 'individual',
    mode: 'video',
    startTime: '9999-99-99T99:99',
    endTime: 'now',
    timezone: '../etc',
    participantIds: [],
  },
  {
    title: 'a',
    type: 'workshop',
    mode: 'text',
    startTime: '2999-01-01T10:00:00Z',
    endTime: '2999-01-01T11:00:00Z',
    timezone: 'Mars/Base',
    participantIds: [],
    serviceId: randomUUID(),
  },
];

test('nothing that a caller sends is a fault of ours, and every refusal is in this door’s words', async () => {
  const operations = operationsOf(loadDocument()).filter(({ door }) => door === 'teletherapy');
  expect(operations.length).toBeGreaterThanOrEqual(17);
  const ids = [await session(5), await group(5, [client]), randomUUID(), '..%2f', '%00', 'ü'];
  for (const { method, path } of operations) {
    for (const id of path.includes('{id}') ? ids : ['']) {
      for (const body of method === 'get' ? [undefined] : GARBAGE) {
        const address = `${path.replace('{id}', id)}?limit=-1&page=x&clientId=1&therapistId=2`;
        const reply = await api.call(method.toUpperCase(), address, body, {
          token: therapist.token,
        });
        const { status } = reply;
        expect([status, method, path, id, JSON.stringify(body)]).not.toContain(500);
        if (status < 400) continue;
        expect(reply.body).toMatchObject({
          statusCode: status,
          message: expect.any(String),
          error: expect.any(String),
        });
      }
    }
  }
}, 120_000);
