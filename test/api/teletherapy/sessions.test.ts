import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { liveSeats } from '../../../db/seats.ts';
import { workflowId } from '../../../domain/ids.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
import { until } from '../../support/until.ts';
import {
  bodyOf,
  call,
  clients,
  countOf,
  create,
  created,
  noon,
  refused,
  therapist,
} from './hosting-world.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startWorker();
});

afterAll(async () => {
  await stack.close();
  await server.teardown();
});

describe('a session that a therapist makes', () => {
  test('for one is the client’s in every door, at once confirmed, and costs them nothing', async () => {
    const host = await therapist(stack);
    const [client] = await clients(stack, 1);
    const wish = { type: 'individual', startMs: noon(9), people: [client!] };
    const session = await created(stack, host, wish);
    expect(session).toMatchObject({
      title: 'Evening circle',
      status: 'scheduled',
      type: 'individual',
      mode: 'video',
      therapistId: host.id,
      participants: [
        { id: host.id, role: 'host', status: 'confirmed' },
        { id: client!.id, role: 'participant', status: 'confirmed' },
      ],
      roomUrl: expect.stringContaining(`/room/${session.id}`),
    });
    const [mine, meeting] = await Promise.all([
      stack.api.call('GET', `/api/therapy/sessions/${session.id}`, undefined, {
        token: client!.token,
      }),
      stack.api.call('GET', `/booking/meetings/${session.id}`, undefined, { token: client!.token }),
    ]);
    expect(mine.body).toMatchObject({
      data: { status: 'confirmed', payment_status: 'not_required', session_format: 'video' },
    });
    expect(meeting.body).toMatchObject({ title: 'Evening circle', status: 'CONFIRMED' });
    const upcoming = await call(stack, client!, 'GET', '/sessions/upcoming');
    expect(upcoming.body).toMatchObject({ total: 1, sessions: [{ id: session.id }] });
    const cancelled = await stack.api.call(
      'DELETE',
      `/booking/meetings/${session.id}/cancel`,
      undefined,
      { token: client!.token },
    );
    expect(cancelled.status).toBe(200);
    expect((await call(stack, host, 'GET', `/sessions/${session.id}`)).body.status).toBe(
      'cancelled',
    );
  });

  test('for several gives each a seat with a life of its own; they know each other by aliases', async () => {
    const host = await therapist(stack);
    const people = await clients(stack, 3);
    const session = await created(stack, host, { startMs: noon(9), people });
    const seats = await liveSeats(stack.api.knex, session.id);
    expect(seats).toHaveLength(3);
    for (const id of seats) {
      const life = stack.temporal.workflow.getHandle(workflowId('enrolment', id));
      expect((await life.describe()).status.name).toBe('RUNNING');
    }
    const seen = await call(stack, people[0]!, 'GET', `/sessions/${session.id}`);
    const ids = seen.body.participants.map(({ id }) => id);
    expect(ids).toContain(people[0]!.id);
    expect(ids).not.toContain(people[1]!.id);
    expect(ids.filter((id) => /^member_[0-9a-f]{12}$/.test(id))).toHaveLength(2);
    const inTherapy = await stack.api.call(
      'GET',
      `/api/therapy/sessions/${session.id}`,
      undefined,
      {
        token: people[1]!.token,
      },
    );
    expect(inTherapy.body).toMatchObject({ data: { status: 'confirmed' } });
  });

  test('is for verified therapists, and for people of the clinic', async () => {
    const [client] = await clients(stack, 1);
    const clinicId = await stack.api.clinic();
    const foreigner = await stack.api.person({ clinicId });
    const unverified = await stack.api.person({ isTherapist: true, isVerified: false });
    const host = await therapist(stack);
    const wish = { startMs: noon(12), people: [client!] };
    expect(await refused(create(stack, unverified, wish))).toBe(403);
    expect(await refused(create(stack, client!, wish))).toBe(403);
    expect(await refused(create(stack, host, { ...wish, people: [client!, foreigner] }))).toBe(404);
    expect(await refused(create(stack, host, { ...wish, startMs: Date.now() - 60_000 }))).toBe(422);
    expect(await refused(create(stack, host, { ...wish, minutes: -5 }))).toBe(400);
    const large = { ...wish, more: { maxParticipants: 13 } };
    expect(await refused(create(stack, host, large))).toBe(422);
    expect(await stack.api.knex('sessions').where({ therapist_id: host.id })).toEqual([]);
  });

  test('is made once for one key, whoever asks at the same time', async () => {
    const host = await therapist(stack);
    const people = await clients(stack, 2);
    const body = bodyOf({ startMs: noon(13), people });
    const key = { 'idempotency-key': 'circle-1' };
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => call(stack, host, 'POST', '/sessions', body, key)),
    );
    expect(new Set(replies.map(({ body: { id } }) => id)).size).toBe(1);
    expect(await stack.api.knex('sessions').where({ therapist_id: host.id })).toHaveLength(1);
  });

  test('takes everybody’s time or nobody’s: of many who want the same people one wins', async () => {
    const people = await clients(stack, 4);
    const hosts = await Promise.all(Array.from({ length: 6 }, () => therapist(stack)));
    const startMs = noon(14);
    const replies = await Promise.all(
      hosts.map((host, index) =>
        create(stack, host, {
          startMs: startMs + index * 60_000,
          people: index % 2 === 0 ? people : people.toReversed(),
        }),
      ),
    );
    expect(countOf(replies)).toEqual({ 201: 1, 409: 5 });
    const ids = people.map(({ id }) => id);
    const claims = await stack.api
      .knex('claims')
      .whereIn('person_id', ids)
      .where({ state: 'active' });
    expect(claims).toHaveLength(4);
    expect(await stack.api.knex('enrolments').whereIn('person_id', ids)).toHaveLength(4);
    const loser = replies.find(({ status }) => status === 409)!;
    expect(loser.body).toMatchObject({ participantIds: expect.any(Array), error: 'Conflict' });
  });
});

describe('seats', () => {
  test('are never more than there are, however many are asked for at once', async () => {
    const host = await therapist(stack);
    const people = await clients(stack, 14);
    const session = await created(stack, host, { startMs: noon(15), people: people.slice(0, 8) });
    const path = `/sessions/${session.id}/participants`;
    const replies = await Promise.all(
      people.slice(8).map(({ id }) => call(stack, host, 'POST', path, { participantIds: [id] })),
    );
    expect(countOf(replies)).toEqual({ 200: 3, 409: 3 });
    expect(await liveSeats(stack.api.knex, session.id)).toHaveLength(11);
    const { body } = await call(stack, host, 'GET', `/sessions/${session.id}`);
    expect(body.participants).toHaveLength(12);
  });

  test('are taken by all who are named or by none, and given back one by one', async () => {
    const host = await therapist(stack);
    const [first, second, busy] = await clients(stack, 3);
    const other = await therapist(stack);
    await created(stack, other, { startMs: noon(16), people: [busy!] });
    const session = await created(stack, host, { startMs: noon(16), people: [first!] });
    const path = `/sessions/${session.id}/participants`;
    const both = { participantIds: [second!.id, busy!.id] };
    const { status, body } = await call(stack, host, 'POST', path, both);
    expect([status, body['participantIds']]).toEqual([409, [busy!.id]]);
    expect(await liveSeats(stack.api.knex, session.id)).toHaveLength(1);

    await call(stack, host, 'POST', path, { participantIds: [second!.id] });
    const gone = await call(stack, host, 'DELETE', path, { participantIds: [first!.id] });
    expect(gone.body.participants.map(({ id }) => id)).toEqual([host.id, second!.id]);
    expect(await refused(call(stack, host, 'DELETE', path, { participantIds: [first!.id] }))).toBe(
      404,
    );
    const free = await stack.api
      .knex('claims')
      .where({ person_id: first!.id, session_id: session.id, state: 'active' });
    expect(free).toEqual([]);
  });

  test('of an individual session are one, for good', async () => {
    const host = await therapist(stack);
    const [client, other] = await clients(stack, 2);
    const wish = { type: 'individual', startMs: noon(17), people: [client!] };
    const { id } = await created(stack, host, wish);
    const path = `/sessions/${id}/participants`;
    const named = { participantIds: [other!.id] };
    expect(await refused(call(stack, host, 'POST', path, named))).toBe(409);
    const own = { participantIds: [client!.id] };
    expect(await refused(call(stack, host, 'DELETE', path, own))).toBe(422);
  });
});

describe('roles', () => {
  test('are given by the host, to those who take part; the host’s own stays', async () => {
    const host = await therapist(stack);
    const [client, stranger] = await clients(stack, 2);
    const session = await created(stack, host, { startMs: noon(18), people: [client!] });
    const path = `/sessions/${session.id}/participants/role`;
    const give = (participantId: string, role: string, by = host) =>
      call(stack, by, 'PATCH', path, { participantId, role });
    const { body } = await give(client!.id, 'co_host');
    expect(body.participants).toContainEqual(
      expect.objectContaining({ id: client!.id, role: 'co_host' }),
    );
    expect(await refused(give(stranger!.id, 'observer'))).toBe(404);
    expect(await refused(give(client!.id, 'host'))).toBe(422);
    expect(await refused(give(host.id, 'participant'))).toBe(422);
    expect(await refused(give(client!.id, 'king'))).toBe(400);
    expect(await refused(give(client!.id, 'participant', client!))).toBe(403);
  });
});

describe('a session’s life', () => {
  test('goes as published, in the workflow and in every door, and ends in a chat room', async () => {
    const host = await therapist(stack);
    const people = await clients(stack, 2);
    const startMs = Math.ceil(Date.now() / 1_000) * 1_000 + 12_000;
    const session = await created(stack, host, { startMs, people });
    const move = (status: string, by = host) =>
      call(stack, by, 'PATCH', `/sessions/${session.id}/status`, { status });
    expect(await refused(move('in_progress'))).toBe(409);
    expect(await refused(move('completed'))).toBe(409);
    expect(await refused(move('waiting', people[0]!))).toBe(403);
    expect((await move('waiting')).body.status).toBe('waiting');
    expect(await refused(move('waiting'))).toBe(409);
    expect((await move('in_progress')).body.status).toBe('in_progress');
    const inTherapy = await stack.api.call(
      'GET',
      `/api/therapy/sessions/${session.id}`,
      undefined,
      {
        token: host.token,
      },
    );
    expect(inTherapy.body).toMatchObject({ data: { status: 'in_progress' } });
    expect(await refused(move('cancelled'))).toBe(409);
    // Before the start nobody can say that it has taken place.
    if (Date.now() < startMs - 500) expect(await refused(move('completed'))).toBe(409);
    await until(async () => (await move('completed')).status === 200);
    for (const status of ['scheduled', 'waiting', 'in_progress', 'completed', 'no_show']) {
      expect(await refused(move(status))).toBe(409);
    }
    const chatRoom = async (): Promise<unknown> =>
      (await call(stack, host, 'GET', `/sessions/${session.id}`)).body['chatRoomId'];
    await until(async () => (await chatRoom()) !== null);
    const chatRoomId = await chatRoom();
    const again = await Promise.all(
      [1, 2].map(() => call(stack, host, 'POST', `/${session.id}/create-chat-room`, {})),
    );
    expect(again.map(({ status, body }) => [status, body['chatRoomId']])).toEqual([
      [201, chatRoomId],
      [201, chatRoomId],
    ]);
    const written = await stack.api.call(
      'POST',
      '/api/messages',
      { sessionId: chatRoomId, message: 'See you next week' },
      { token: people[0]!.token },
    );
    expect(written.status).toBe(201);
    const [stranger] = await clients(stack, 1);
    const read = await Promise.all(
      [people[1]!, host, stranger!].map(({ token }) =>
        stack.api.call('GET', `/api/messages/session/${chatRoomId}`, undefined, { token }),
      ),
    );
    expect(read.map(({ status }) => status)).toEqual([200, 200, 404]);
    // Members know each other by aliases in writing as well, and not by their accounts.
    const seenByMember = JSON.stringify(read[0]!.body);
    expect(seenByMember).toContain('See you next week');
    expect(seenByMember).toMatch(/"member-[0-9a-f]{8}"/);
    expect(seenByMember).not.toContain(people[0]!.id);
    const shown = await stack.api.call('GET', `/api/sessions/${String(chatRoomId)}`, undefined, {
      token: people[1]!.token,
    });
    expect([shown.status, JSON.stringify(shown.body).includes(people[0]!.id)]).toEqual([
      200,
      false,
    ]);
  }, 120_000);

  test('is called off for all by its host, and left alone by a member', async () => {
    const host = await therapist(stack);
    const people = await clients(stack, 2);
    const session = await created(stack, host, { startMs: noon(19), people });
    const path = `/sessions/${session.id}/cancel`;
    const left = await call(stack, people[0]!, 'POST', path, { reason: 'A cold' });
    expect([left.status, left.body.status]).toEqual([200, 'cancelled']);
    const still = await call(stack, people[1]!, 'GET', `/sessions/${session.id}`);
    expect(still.body.status).toBe('scheduled');
    expect((await call(stack, host, 'POST', path)).body.status).toBe('cancelled');
    await until(async () => (await liveSeats(stack.api.knex, session.id)).length === 0);
    expect(await refused(call(stack, host, 'POST', path))).toBe(409);
  });
});
