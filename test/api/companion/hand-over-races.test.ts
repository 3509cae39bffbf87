import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { createApp } from '../../../api/server.ts';
import { openDatabase } from '../../../db/knex.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { begin } from './talking.ts';

const ASK = 'I want to talk to a human';

let api: TestApi;
/** Another process on the same database. */
let elsewhere: { readonly url: string; readonly server: Server; readonly knex: Knex };
beforeAll(async () => {
  api = await startTestApi();
  const knex = openDatabase(api.databaseUrl, { maxConnections: 4, acquireTimeoutMs: 30_000 });
  const server = createServer(createApp({ ...api.deps, knex, crisisKnex: knex }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  elsewhere = { url, server, knex };
}, 120_000);
afterAll(async () => {
  elsewhere.server.close();
  elsewhere.server.closeAllConnections();
  await elsewhere.knex.destroy();
  await api.close();
});

async function post(url: string, path: string, { token }: TestPerson, body: unknown) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const reply = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

function ask(url: string, person: TestPerson, conversationId: string) {
  return post(url, '/api/ai/continue', person, { conversationId, message: ASK });
}

/** No request for support is written before `waiting` of them are about to be. */
async function atOnce<T>(
  person: TestPerson,
  waiting: number,
  requests: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const holding = await api.knex.transaction();
  await holding.raw('SELECT FROM people WHERE id = ? FOR NO KEY UPDATE', [person.id]);
  const replies = Promise.all(requests.map((request) => request()));
  await until(async () => (await stuck()) >= waiting);
  await holding.rollback();
  return replies;
}

async function stuck(): Promise<number> {
  const { rows } = await api.knex.raw<{ rows: unknown[] }>(
    `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
  );
  return rows.length;
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
  const replies = await atOnce(person, 2, [
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
  const replies = await atOnce(person, 1, [
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
  const [asked, escalated] = await atOnce(person, 2, [
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
