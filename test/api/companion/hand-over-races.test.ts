import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { atOnce, post, startSecondProcess } from './second-process.ts';
import type { SecondProcess } from './second-process.ts';
import { begin } from './talking.ts';

const ASK = 'I want to talk to a human';

let api: TestApi;
let elsewhere: SecondProcess;
beforeAll(async () => {
  api = await startTestApi();
  elsewhere = await startSecondProcess(api);
}, 120_000);
afterAll(async () => {
  await elsewhere.close();
  await api.close();
});

function ask(url: string, person: TestPerson, conversationId: string) {
  return post(url, '/api/ai/continue', person, { conversationId, message: ASK });
}

/** Nothing is put into the queue for support meanwhile. */
function queueHeldFor({ id }: TestPerson): [string, string] {
  return ['SELECT FROM people WHERE id = ? FOR NO KEY UPDATE', id];
}

async function sessionsOf(person: TestPerson): Promise<string[]> {
  const rows = await api.knex('support_sessions').where({ patient_id: person.id }).select('id');
  return (rows as { id: string }[]).map(({ id }) => id);
}

function namedIn(body: Record<string, unknown>): unknown {
  return Object(body['response']).supportSessionId;
}

test('who asks twice at once, of two processes, waits in one session', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const replies = await atOnce(api, queueHeldFor(person), 2, [
    () => ask(api.url, person, conversationId),
    () => ask(elsewhere.url, person, conversationId),
  ]);
  const sessions = await sessionsOf(person);
  expect(sessions).toHaveLength(1);
  expect(replies.map(({ body }) => namedIn(body))).toEqual([sessions[0], sessions[0]]);
  const [conversation] = await api.knex('companion_conversations').where({ id: conversationId });
  expect(conversation).toMatchObject({ handed_over_to: sessions[0] });
});

test('who asks twice at once of one process is put into the queue once', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const replies = await atOnce(api, queueHeldFor(person), 1, [
    () => ask(api.url, person, conversationId),
    () => ask(api.url, person, conversationId),
    () => ask(api.url, person, conversationId),
  ]);
  const sessions = await sessionsOf(person);
  expect(sessions).toHaveLength(1);
  expect(new Set(replies.map(({ body }) => namedIn(body)))).toEqual(new Set(sessions));
  const entries = await api.knex('audit_entries').where({
    subject_id: person.id,
    action: 'support_session.create',
  });
  expect(entries).toHaveLength(1);
});

test('who asks and escalates at once comes to one human', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const wish = { sessionId: conversationId, reason: 'It gets worse', severity: 'severe' };
  const [asked, escalated] = await atOnce(api, queueHeldFor(person), 2, [
    () => ask(api.url, person, conversationId),
    () => post(elsewhere.url, '/api/urgent/escalate', person, wish),
  ]);
  const sessions = await sessionsOf(person);
  expect(sessions).toHaveLength(1);
  expect(namedIn(asked!.body)).toBe(sessions[0]);
  expect(escalated!.status).toBeLessThan(300);
});

test('a new human is asked for once the last has gone', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const first = namedIn((await ask(api.url, person, conversationId)).body) as string;
  await api.call('POST', `/api/sessions/${first}/end`, {}, person);
  const second = namedIn((await ask(elsewhere.url, person, conversationId)).body);
  expect(second).not.toBe(first);
  expect((await sessionsOf(person)).toSorted()).toEqual([first, second].toSorted());
});
