import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import protoPackage from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import type { Booked } from '../support/stack-acts.ts';
import { textsTo } from '../support/stack-findings.ts';
import { QUICK_PLAN, type TestClient, addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { MARK, expectUnmarked, isMarked, markedTables } from './marks.ts';

const MEMBER_ID = '123456789';
const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;

let server: TestWorkflowEnvironment;
let stack: Stack;
let client: TestClient;
let therapist: TestPerson;
const answers: string[] = [];

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server, {
    plan: {
      ...QUICK_PLAN,
      reminders: [{ beforeStartMs: 4 * SECOND_MS, channels: ['sms', 'email'] }],
    },
  });
  await stack.startWorker();
  client = await addClient(stack.api);
  therapist = await addTherapist(stack.api, {
    insurers: ['Aetna'],
    specializations: ['anxiety'],
  });
  await stack.api
    .knex('people')
    .where({ id: client.id })
    .update({
      first_name: `${MARK}-first`,
      last_name: `${MARK}-last`,
    });
  await Promise.all([attended(), movedAndCancelled(), declined(), refused()]);
  await supported();
}, 180_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

const MARKED = {
  reason_for_session: `${MARK}-reason`,
  preferred_approach: `${MARK}-approach`,
  specialization: 'anxiety',
  emergency_contact: {
    name: `${MARK}-contact`,
    relationship: `${MARK}-kin`,
    phone: '+14155550123',
  },
  insurance_info: { provider: 'Aetna', member_id: MEMBER_ID, group_number: 'ABC123' },
};

function book(inMs: number): Promise<Booked> {
  const startsAt = acts.inFuture(inMs);
  return acts.book(stack, { client, therapist, startsAt, extra: MARKED, key: newId() });
}

async function confirmed(booked: Booked): Promise<void> {
  acts.ok(await acts.approve(stack, booked));
  acts.ok(await acts.pay(stack, booked));
  await acts.reaches(stack, booked, 'confirmed');
}

async function attended(): Promise<void> {
  const booked = await book(25 * SECOND_MS);
  await confirmed(booked);
  await acts.reaches(stack, booked, 'in_progress');
  await until(async () => (await textsTo(stack, client.phone)).length > 0);
  acts.ok(await acts.mark(stack, booked, 'attended'));
  const rating = { rating: 4, comment: `${MARK}-comment` };
  const path = `/api/v1/sessions/${booked.id}/rating`;
  acts.ok(await stack.api.call('POST', path, rating, { token: client.token }));
  await acts.resultOf(stack, booked);
}

async function movedAndCancelled(): Promise<void> {
  const booked = await book(30 * HOUR_MS);
  await confirmed(booked);
  const startsAt = acts.inFuture(40 * HOUR_MS);
  acts.ok(await acts.move(stack, booked, client, startsAt, `${MARK}-move`));
  acts.ok(await acts.decline(stack, booked, `${MARK}-refusal`));
  acts.ok(await acts.cancel(stack, booked, client, `${MARK}-cancel`));
  await acts.resultOf(stack, booked);
}

async function declined(): Promise<void> {
  const booked = await book(60 * HOUR_MS);
  acts.ok(await acts.decline(stack, booked, `${MARK}-decline`));
  await acts.resultOf(stack, booked);
}

/** Live support, from the request to the last word on it. */
async function supported(): Promise<void> {
  const { api } = stack;
  const helper = await api.person({ role: 'peer' });
  const say = async (by: TestPerson, method: string, path: string, body: object) => {
    const { token } = by;
    const reply = await api.call<{ session: { _id: string } }>(method, path, body, { token });
    expect([path, reply.status]).toEqual([path, reply.status < 300 ? reply.status : 200]);
    return reply.body;
  };
  const { _id: id } = (
    await say(client, 'POST', '/api/sessions', {
      title: `${MARK}-title`,
      description: `${MARK}-description: I want to kill myself`,
      tags: [`${MARK}-tag`],
      preferences: { about: `${MARK}-wish` },
    })
  ).session;
  const act = (by: TestPerson, method: string, verb: string, body: object) =>
    say(by, method, `/api/sessions/${id}${verb}`, body);
  await act(helper, 'POST', '/decline', { reason: `${MARK}-busy` });
  await act(helper, 'POST', '/accept', { message: `${MARK}-welcome` });
  await act(helper, 'PUT', '', { sessionNotes: `${MARK}-notes`, tags: [`${MARK}-other`] });
  const texts = { reason: `${MARK}-reason`, notes: `${MARK}-more`, helperType: `${MARK}-helper` };
  await say(helper, 'POST', '/api/urgent/escalate', { sessionId: id, severity: MARK, ...texts });
  await act(client, 'POST', '/end', { rating: 5, feedback: `${MARK}-feedback` });
  await refusedAs('POST', '/api/sessions', JSON.stringify({ type: MARK }), client.token);
  await refusedAs('POST', '/api/sessions', `{"${MARK}`, client.token);
  await refusedAs('GET', `/api/sessions/${MARK}?${MARK}=x`, undefined, client.token);
}

/** Marked text where none belongs: every answer is an error of the caller's. */
async function refused(): Promise<void> {
  const valid = {
    therapist_id: therapist.id,
    session_type: 'individual',
    scheduled_at: new Date(acts.inFuture(80 * HOUR_MS)).toISOString(),
    duration: 1,
    session_format: 'video',
  };
  const wrong = [
    { ...valid, therapist_id: MARK },
    { ...valid, session_type: MARK },
    { ...valid, scheduled_at: MARK },
    { ...valid, duration: MARK },
    { ...valid, timezone: MARK },
    { ...valid, session_format: MARK },
    { ...valid, specialization: MARK },
    { ...valid, emergency_contact: MARK },
    { ...valid, insurance_info: { provider: MARK, member_id: MARK } },
    { ...valid, insurance_info: { provider: 'Aetna', member_id: MARK } },
    { [MARK]: MARK },
  ];
  const path = '/api/therapy/sessions/book';
  const { token } = client;
  for (const body of wrong) await refusedAs('POST', path, JSON.stringify(body), token);
  await refusedAs('POST', path, `{"${MARK}`, token);
  await refusedAs('GET', `/api/therapy/sessions/${MARK}`, undefined, token);
  await refusedAs('GET', `/api/therapy/sessions?status=${MARK}&from=${MARK}`, undefined, token);
  await refusedAs('GET', `/${MARK}?${MARK}=${MARK}`, undefined, token);
  await refusedAs('GET', '/api/therapy/sessions', undefined, MARK);
}

async function refusedAs(
  method: string,
  path: string,
  body: string | undefined,
  token: string,
): Promise<void> {
  const response = await fetch(`${stack.api.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'user-agent': MARK,
      'x-request-id': MARK,
    },
    ...(body === undefined ? {} : { body }),
  });
  const answer = `${method} ${String(response.status)} ${await response.text()}`;
  expect(answer).toMatch(/^\w+ 4/);
  answers.push(answer + JSON.stringify([...response.headers]));
}

describe('text that a client typed', () => {
  test('is in no history, and in nothing that lists workflows', async () => {
    const { temporal } = protoPackage;
    const seen = [];
    for await (const { workflowId } of stack.temporal.workflow.list()) {
      const handle = stack.temporal.workflow.getHandle(workflowId);
      const history = await handle.fetchHistory();
      const bytes = Buffer.from(temporal.api.history.v1.History.encode(history).finish());
      expectUnmarked(bytes);
      expect(bytes.includes(MEMBER_ID)).toBe(false);
      const { raw } = await handle.describe();
      expectUnmarked(
        Buffer.from(
          temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse.encode(raw).finish(),
        ),
      );
      seen.push(bytes.includes('recordTransition') || bytes.includes('notify'));
    }
    expect(seen.filter(Boolean).length).toBeGreaterThanOrEqual(3);
  });

  test('is in no log', () => {
    expectUnmarked(stack.logs());
    expect(stack.logs()).not.toContain(MEMBER_ID);
  });

  test('is in no text message and no mail', async () => {
    for (const place of ['twilio', 'mail']) {
      const listed = await fetch(`${stack.sandboxUrl}/control/${place}/messages`);
      const content = await listed.text();
      expectUnmarked(content);
      expect(content).not.toContain(MEMBER_ID);
    }
  });

  test('is not known to the card provider', async () => {
    const state = await fetch(`${stack.sandboxUrl}/control/stripe/state`);
    expectUnmarked(await state.text());
  });

  test('is in no error', () => {
    for (const answer of answers) expectUnmarked(answer);
  });

  test('is sealed wherever the database keeps it', async () => {
    const isOpen = (line: string): boolean => isMarked(line) || line.includes(MEMBER_ID);
    const marked = await markedTables(stack.api.knex, isOpen);
    // Names of people are there to be shown.
    expect(marked.filter((table) => table !== 'people')).toEqual([]);
  });
});

test('a mark in clear is found, however it is written', () => {
  const text = `before ${MARK} after`;
  for (const shift of ['', 'x', 'xy']) {
    const bytes = Buffer.from(shift + text);
    expect(isMarked(bytes)).toBe(true);
    expect(isMarked(bytes.toString('base64'))).toBe(true);
    expect(isMarked(bytes.toString('hex'))).toBe(true);
  }
  expect(isMarked('nothing')).toBe(false);
});
