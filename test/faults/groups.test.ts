import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { type Socket, io } from 'socket.io-client';
import { workflowId } from '../../domain/ids.ts';
import { type Node, startNode } from '../api/realtime/nodes.ts';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import { chargesOf, mailsTo } from '../support/stack-findings.ts';
import * as groups from '../support/stack-groups.ts';
import { type TestClient, addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const DAY_MS = 86_400_000;

let server: TestWorkflowEnvironment;
let stack: Stack;
let node: Node;
let therapist: TestPerson;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startWorker();
  node = await startNode(stack.api);
  therapist = await addTherapist(stack.api, { durations_minutes: [1, 60] });
}, 120_000);
afterAll(async () => {
  await node.close();
  await stack.close();
  await server.teardown();
});

async function clients(count: number): Promise<TestClient[]> {
  const made: TestClient[] = [];
  while (made.length < count) {
    const person = await addClient(stack.api);
    const name = { first_name: 'Alex', last_name: `Hidden-Name-${String(made.length)}` };
    await stack.api.knex('people').where({ id: person.id }).update(name);
    made.push(person);
  }
  return made;
}

function count(replies: readonly groups.Reply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function pay(client: TestClient, id: string): Promise<unknown> {
  return acts.pay(stack, { id, client, therapist }).then(acts.ok);
}

async function listening({ token }: TestPerson): Promise<Socket> {
  const socket = io(node.url, { auth: { token }, transports: ['websocket'], forceNew: true });
  await new Promise((resolve) => socket.once('authenticated', resolve));
  return socket;
}

/** The calendar that a person subscribes to, as a calendar program reads it. */
async function feedOf({ token }: TestPerson): Promise<string> {
  const wish = { kind: 'export' };
  const made = await stack.api.call<{ url: string }>('POST', '/api/v1/calendar-feeds', wish, {
    token,
  });
  const { pathname } = new URL(acts.ok(made).body.url);
  const ics = await (await fetch(stack.api.url + pathname)).text();
  expect(ics).toContain('BEGIN:VEVENT');
  return ics;
}

const sessionsOf = (groupId: string): Promise<string[]> =>
  stack.api.knex('sessions').where({ group_id: groupId }).pluck('id');

test('twenty who join first at once share the one session that comes of it', async () => {
  const weeklyTimes = [0, 1, 2, 3, 4, 5, 6].map((dayOfWeek) => ({ dayOfWeek, time: '03:00' }));
  const group = await groups.makeGroup(stack, therapist, { capacity: 20, weeklyTimes });
  const people = await clients(20);
  const replies = await Promise.all(people.map((person) => groups.join(stack, person, group)));
  expect(count(replies)).toEqual({ 200: 20 });
  const ids = new Set(replies.map(({ body }) => body.data['session_id']));
  expect([...ids]).toEqual(await sessionsOf(group));
  const [id] = await sessionsOf(group);
  const claims = await stack.api.knex('claims').where({ session_id: id, state: 'active' });
  expect(claims).toHaveLength(21);
  expect(await stack.api.knex('enrolments').where({ session_id: id })).toHaveLength(20);
  // Whoever comes next finds it full, and opens the next standing time.
  const [late] = await clients(1);
  const next = acts.ok(await groups.join(stack, late!, group));
  expect(ids).not.toContain(next.body.data['session_id']);
}, 120_000);

test('a standing time in the therapist’s time off is passed over', async () => {
  const away = await addTherapist(stack.api, { durations_minutes: [1, 60] });
  const weeklyTimes = [0, 1, 2, 3, 4, 5, 6].map((dayOfWeek) => ({ dayOfWeek, time: '04:00' }));
  const group = await groups.makeGroup(stack, away, { weeklyTimes });
  const day = (days: number): string =>
    new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  const path = `/api/v1/therapists/${away.id}/exceptions`;
  const leave = { kind: 'time_off', startDate: day(0), endDate: day(9) };
  acts.ok(await stack.api.call('POST', path, leave, { token: away.token }));
  const [client] = await clients(1);
  const joined = acts.ok(await groups.join(stack, client!, group));
  const id = String(joined.body.data['session_id']);
  const { starts_at: startsAt } = await stack.api.knex('sessions').where({ id }).first();
  expect(startsAt.toISOString().slice(0, 10)).toBe(day(10));
});

test('a text that no database can hold is refused by name', async () => {
  const body = { theme: 'Rest', guidelines: ['\ud800'], capacity: 3, durationMinutes: 60 };
  const reply = await stack.api.call('POST', '/api/v1/groups', body, { token: therapist.token });
  expect(reply.status).toBe(400);
});

test('of twelve who want three seats three have one, and a seat that is given up is free again', async () => {
  const group = await groups.makeGroup(stack, therapist, { capacity: 3, priceCents: 0 });
  const id = await groups.planSession(stack, therapist, group, 3 * DAY_MS);
  const other = await groups.planSession(stack, therapist, group, 4 * DAY_MS);
  const people = await clients(12);
  const replies = await Promise.all(people.map((person) => groups.join(stack, person, group, id)));
  expect(count(replies)).toEqual({ 200: 3, 409: 9 });
  const refused = replies.filter(({ status }) => status === 409);
  for (const { body } of refused) {
    expect(body.error).toMatchObject({ code: 'slot_unavailable' });
    expect(body.error?.['alternative_slots']).toHaveLength(1);
  }
  const [inside] = people.filter((_, at) => replies[at]!.status === 200);
  const waiting = people.filter((_, at) => replies[at]!.status === 409);
  const left = acts.ok(await groups.leave(stack, inside!, group, id));
  expect(left.body.data).toMatchObject({ participant_status: 'left', session_id: id });
  const again = await Promise.all(waiting.map((each) => groups.join(stack, each, group, id)));
  expect(count(again)).toEqual({ 200: 1, 409: 8 });
  // The one who has left is free at that time again, and may take a seat elsewhere.
  acts.ok(await groups.join(stack, inside!, group, other));
}, 120_000);

test('one request that arrives ten times at once, and one person who asks ten times, take a seat each', async () => {
  const group = await groups.makeGroup(stack, therapist, { capacity: 8, priceCents: 0 });
  const id = await groups.planSession(stack, therapist, group, 5 * DAY_MS);
  const [one, two] = (await clients(2)) as [TestClient, TestClient];
  const ten = Array.from({ length: 10 });
  const replies = await Promise.all([
    ...ten.map(() => groups.join(stack, one, group, id, 'the-same-key')),
    ...ten.map(() => groups.join(stack, two, group, id)),
  ]);
  expect(count(replies)).toEqual({ 200: 20 });
  expect(await stack.api.knex('enrolments').where({ session_id: id })).toHaveLength(2);
}, 120_000);

/** Asks an API that kills itself between the seat and its workflow. */
async function joinAndDie(
  person: TestPerson,
  group: string,
  sessionId: string,
  key: string,
): Promise<void> {
  const api = await stack.startKillableApi('before_workflow_start');
  const asked = fetch(`${api.url}/api/therapy/groups/${group}/join`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${person.token}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify({ consent: groups.CONSENT, session_id: sessionId }),
  });
  await expect(asked).rejects.toThrow();
  expect(await api.ended).toMatchObject({ signal: 'SIGKILL' });
}

async function seatHasWorkflow(sessionId: string, person: TestPerson): Promise<boolean> {
  const { enrolment_id: seatId } = await groups.seatOf(stack, sessionId, person);
  return stack.temporal.workflow
    .getHandle(workflowId('enrolment', seatId))
    .describe()
    .then(
      () => true,
      () => false,
    );
}

test('a seat whose API died before its workflow lives on: asked for again, or taken up by the sweeper', async () => {
  const group = await groups.makeGroup(stack, therapist, { priceCents: 0 });
  const id = await groups.planSession(stack, therapist, group, 8 * DAY_MS);
  const [asksAgain, silent] = (await clients(2)) as [TestClient, TestClient];
  await joinAndDie(asksAgain, group, id, 'again');
  await joinAndDie(silent, group, id, 'never-again');
  expect(await seatHasWorkflow(id, asksAgain)).toBe(false);
  const again = acts.ok(await groups.join(stack, asksAgain, group, id, 'again'));
  expect(again.body.data).toMatchObject({ session_id: id, participant_status: 'confirmed' });
  expect(await seatHasWorkflow(id, asksAgain)).toBe(true);
  // A caller has a while to do it by themselves: that while is over.
  const { enrolment_id: seatId } = await groups.seatOf(stack, id, silent);
  const created = new Date(Date.now() - 60_000);
  await stack.api.knex('enrolments').where({ id: seatId }).update({ created_at: created });
  await stack.temporal.schedule.getHandle('sweep').trigger();
  await until(() => seatHasWorkflow(id, silent));
  acts.ok(await groups.leave(stack, silent, group, id));
  expect(await stack.api.knex('enrolments').where({ session_id: id })).toHaveLength(2);
}, 120_000);

test('each member pays for themselves; who cancels or leaves goes alone, and gets their own money back', async () => {
  const group = await groups.makeGroup(stack, therapist);
  const id = await groups.planSession(stack, therapist, group, 6 * DAY_MS);
  const [cancels, leaves, stays, owes] = (await clients(4)) as [
    TestClient,
    TestClient,
    TestClient,
    TestClient,
  ];
  for (const person of [cancels, leaves, stays, owes]) {
    acts.ok(await groups.join(stack, person, group, id));
  }
  for (const person of [cancels, leaves, stays]) await pay(person, id);
  const paid = 3 * groups.GROUP_PRICE_CENTS;
  expect(await chargesOf(stack, id)).toMatchObject({ capturedCents: paid, refundedCents: 0 });
  // What every session's client may do, at any door, reaches no further than their own seat.
  const meeting = `/booking/meetings/${id}`;
  const { token } = cancels;
  const retitled = await stack.api.call('PUT', meeting, { title: 'Mine' }, { token });
  expect(retitled.status).toBe(400);
  const listed = await stack.api.call('GET', '/booking/meetings', undefined, { token });
  expect(listed.body).toMatchObject([{ id, clientId: cancels.id }]);
  const cancelled = acts.ok(
    await stack.api.call('DELETE', `${meeting}/cancel`, { reason: 'ill' }, { token }),
  );
  expect(cancelled.body).toMatchObject({ id, clientId: cancels.id, status: 'CANCELLED' });
  acts.ok(await groups.leave(stack, leaves, group, id));
  expect(await chargesOf(stack, id)).toMatchObject({
    refunds: 2,
    refundedCents: 2 * groups.GROUP_PRICE_CENTS,
  });
  expect((await groups.seatOf(stack, id, stays)).status).toBe('confirmed');
  expect((await acts.reaches(stack, { id }, 'confirmed')).status).toBe('confirmed');
  // The therapist calls it off for everybody.
  acts.ok(await acts.cancel(stack, { id, client: stays, therapist }, therapist));
  await groups.seatReaches(stack, id, stays, 'cancelled');
  await groups.seatReaches(stack, id, owes, 'cancelled');
  await until(async () => (await chargesOf(stack, id)).refundedCents === paid);
  expect(await chargesOf(stack, id)).toMatchObject({ refunds: 3, heldCents: 0 });
}, 120_000);

test('no member learns who another is, from what they read, hear or are sent', async () => {
  const group = await groups.makeGroup(stack, therapist, { priceCents: 0 });
  const id = await groups.planSession(stack, therapist, group, 7 * DAY_MS);
  const people = (await clients(3)) as [TestClient, TestClient, TestClient];
  const [me, other, leaver] = people;
  const learned: unknown[] = [];
  for (const person of people) learned.push((await groups.join(stack, person, group, id)).body);
  const socket = await listening(me);
  socket.onAny((...event: unknown[]) => learned.push(event));
  learned.push(await socket.emitWithAck('join-session', { sessionId: id }));
  const gone = await listening(leaver);
  await gone.emitWithAck('join-session', { sessionId: id });
  const afterwards: unknown[] = [];
  const toldToGo = new Promise<void>((resolve) => {
    gone.on('session-changed', ({ status }) => status === 'cancelled' && resolve());
  });
  acts.ok(await groups.leave(stack, leaver, group, id));
  await toldToGo;
  gone.onAny((...event: unknown[]) => afterwards.push(event));
  const visitor = await listening(other);
  const heard = new Promise((resolve) => socket.once('user-joined-session', resolve));
  await visitor.emitWithAck('join-session', { sessionId: id });
  await heard;
  await gone.emitWithAck('leave-session', { sessionId: id });
  expect(afterwards).toEqual([]);
  gone.disconnect();
  visitor.disconnect();
  for (const path of [
    `/api/therapy/sessions/${id}`,
    '/api/therapy/sessions',
    `/api/therapy/sessions/${id}/calendar.ics`,
    `/api/v1/sessions/${id}/timeline`,
    `/booking/meetings/${id}`,
    '/booking/meetings',
    '/api/therapy/groups',
    `/api/v1/groups/${group}`,
  ]) {
    learned.push((await stack.api.call('GET', path, undefined, { token: me.token })).body);
  }
  learned.push(await feedOf(me), await mailsTo(stack, me.email));
  socket.disconnect();
  const { data } = (await groups.view(stack, me, id)).body;
  expect(data['participants']).toEqual([
    { user_id: me.id, display_name: 'Alex H.', status: 'confirmed' },
    {
      user_id: expect.stringMatching(/^member_[0-9a-f]{12}$/),
      display_name: 'Alex H. (2)',
      status: 'confirmed',
    },
  ]);
  const text = JSON.stringify(learned);
  expect(text).toContain('user-joined-session');
  // Their addresses are made of their ids.
  for (const { id: personId, phone } of [other, leaver]) {
    for (const secret of [personId, phone]) expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/Hidden-Name-[12]/);
}, 120_000);
