import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import { signAccessToken } from '../../../../api/auth/access-tokens.ts';
import { settleBackground } from '../../../../api/background.ts';
import { UNKNOWN_CLINIC } from '../../../../api/access/principal.ts';
import type { Principal } from '../../../../api/access/principal.ts';
import type { Call } from '../../../../api/http/handler.ts';
import { alarmForBody } from '../../../../api/crisis/alarm.ts';
import { sendMessage } from '../../../../api/support/messages/send-message.ts';
import type { SentMessage } from '../../../../api/support/messages/send-message.ts';
import { cryInWords, neverUnheard } from '../../../../api/support/sessions/call-for-help.ts';
import { openDatabase } from '../../../../db/knex.ts';
import { openAlert } from '../../../../domain/alert.ts';
import { applyEvent } from '../../../../domain/alert-verbs.ts';
import { DEFAULT_POLICIES } from '../../../../domain/escalation-policy.ts';
import { startTestApi } from '../../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../../support/api.ts';
import { supportSession } from './support-world.ts';

interface Sent {
  readonly success: boolean;
  readonly message: string;
  readonly error: string;
  /** Of a cry for help that was refused. */
  readonly alertCreated?: string;
  readonly data: { readonly message: Readonly<Record<string, unknown>> };
  readonly messageData: Readonly<Record<string, unknown>>;
  readonly aiSuggestions: readonly unknown[];
}

interface Listed {
  readonly data: { readonly messages: readonly Readonly<Record<string, unknown>>[] };
  readonly messages: readonly Readonly<Record<string, unknown>>[];
}

let api: TestApi;
let elsewhere: Knex;
beforeAll(async () => {
  api = await startTestApi();
  elsewhere = openDatabase(api.databaseUrl, { maxConnections: 2, acquireTimeoutMs: 30_000 });
}, 120_000);
afterAll(async () => {
  await settleBackground();
  await elsewhere.destroy();
  await api.close();
});

function send({ token }: TestPerson, body: unknown): Promise<TestReply<Sent>> {
  return api.call<Sent>('POST', '/api/messages', body, { token });
}

function list({ token }: TestPerson, id: string, query = ''): Promise<TestReply<Listed>> {
  return api.call<Listed>('GET', `/api/messages/session/${id}${query}`, undefined, { token });
}

async function triggersOf({ id }: TestPerson): Promise<Record<string, unknown>[]> {
  return api
    .knex('crisis_triggers')
    .join('crisis_alerts', 'crisis_alerts.id', 'crisis_triggers.alert_id')
    .where('crisis_alerts.person_id', id)
    .select('crisis_triggers.*');
}

test('sends from both sides at once are numbered without a gap, and listed in that order', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      send(at % 2 === 0 ? patient : helper, { sessionId, message: `Line ${at}` }),
    ),
  );
  const refused = replies.filter(({ status }) => status !== 201);
  expect(refused.map(({ body }) => body)).toEqual([]);
  const given = replies.map(({ body }) => Number(body.data.message['messageNumber']));
  const oneToFifty = Array.from({ length: 50 }, (_, at) => at + 1);
  expect(given.toSorted((a, b) => a - b)).toEqual(oneToFifty);
  const { body } = await list(patient, sessionId);
  expect(body.data.messages.map((one) => one['messageNumber'])).toEqual(oneToFifty);
  const instants = body.messages.map((one) => String(one['createdAt']));
  expect(instants).toEqual(instants.toSorted());
}, 120_000);

test('a client that sends the same message many times at once has sent one', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const body = { sessionId, message: 'Only once', clientMessageId: 'c-1' };
  const replies = await Promise.all(Array.from({ length: 12 }, () => send(patient, body)));
  const ids = new Set(replies.map((reply) => reply.body.messageData['_id']));
  expect([replies.map(({ status }) => status), ids.size]).toEqual([Array(12).fill(201), 1]);
  // The id is the sender's own: another sender's message is another one.
  const other = await send(helper, body);
  expect(ids.has(other.body.messageData['_id'])).toBe(false);
  const next = await send(patient, { ...body, clientMessageId: 'c-2' });
  expect(next.body.data.message['messageNumber']).toBe(3);
});

test('a cry for help raises an alert with the message, and where the message is refused', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const cry = 'I am going to kill myself tonight';
  const sent = await send(patient, { sessionId, content: { text: cry, type: 'text' } });
  expect(sent.body.messageData).toMatchObject({
    crisisDetected: true,
    aiAnalysis: { intent: 'crisis', urgency: 'critical' },
  });
  const [trigger] = await triggersOf(patient);
  expect(trigger).toMatchObject({
    source: 'message',
    severity: 'critical',
    session_id: sessionId,
    message_id: sent.body.messageData['_id'],
  });
  const { rows } = await api.knex.raw(
    `SELECT message.xmin = cause.xmin AS "isOneTransaction" FROM crisis_triggers AS cause
     JOIN chat_messages AS message ON message.id = cause.message_id WHERE cause.id = ?`,
    [String(trigger?.['id'])],
  );
  expect(rows).toEqual([{ isOneTransaction: true }]);
  await api
    .knex('support_sessions')
    .where({ id: sessionId })
    .update({ status: 'closed', ended_at: new Date() });
  const outsider = await api.person();
  const unread = await api.person();
  const refused = [
    await send(patient, { sessionId, message: cry }),
    await send(outsider, { sessionId, message: cry }),
    await send(unread, { sessionId: 'none', message: cry.padEnd(20_000, '.') }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([409, 404, 400]);
  const found = await Promise.all([patient, outsider, unread].map((one) => triggersOf(one)));
  expect(found.map(({ length }) => length)).toEqual([2, 1, 1]);
  expect(refused.map(({ body }) => body)).toMatchObject(
    found.map((triggers) => ({
      success: false,
      alertCreated: triggers.at(-1)!['alert_id'],
      immediateActions: expect.arrayContaining(['Crisis alert raised']),
      emergencyContacts: { crisis: '988' },
    })),
  );
  // A stranger's alert doesn't open the session to those who answer it.
  expect(found[1]![0]).toMatchObject({ session_id: null });
});

test('a refusal that no cry is in names no alert', async () => {
  const { id: sessionId } = await supportSession(api);
  const { status, body } = await send(await api.person(), { sessionId, message: 'Good morning' });
  expect([status, Object.keys(body)]).toEqual([404, ['success', 'message', 'error', 'details']]);
});

/** As another process of the API does, which remembers nothing of this one. */
async function sendElsewhere(
  who: TestPerson,
  body: unknown,
  temporal: Client = api.deps.temporal,
): Promise<SentMessage> {
  const context = { requestId: 'elsewhere', newId: uuidv7() };
  return sendMessage({ ...api.deps, knex: elsewhere, temporal }, principalOf(who), body, context);
}

function principalOf({ id, clinicId, role, familyId }: TestPerson): Principal {
  const isHelper = role === 'counselor';
  return {
    personId: id,
    clinicId,
    role,
    familyId,
    isVerifiedHelper: isHelper,
    isVerifiedTherapist: isHelper,
    isAnonymous: false,
    expiresAt: Date.now() + 60_000,
  };
}

test('a cry is heard though its token has ended, its key was used or its body is broken', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const cry = { sessionId, message: 'I am going to kill myself tonight' };
  const { keyRing, http, auth } = api.deps;
  const { token } = await signAccessToken(
    { keyRing, publicUrl: http.publicUrl, auth: { ...auth, accessTokenTtlMs: -60_000 } },
    patient.id,
    patient.familyId,
  );
  const post = async (body: string, given: string, key: string): Promise<number> => {
    const headers = {
      authorization: `Bearer ${given}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    return (await fetch(`${api.url}/api/messages`, { method: 'POST', headers, body })).status;
  };
  const harmless = JSON.stringify({ sessionId, message: 'Hello' });
  expect(await post(harmless, patient.token, 'key-1')).toBe(201);
  expect(await triggersOf(patient)).toEqual([]);
  expect(await post(JSON.stringify(cry), token, 'key-2')).toBe(401);
  expect(await triggersOf(patient)).toHaveLength(1);
  expect(await post(JSON.stringify(cry), patient.token, 'key-1')).toBe(422);
  expect(await triggersOf(patient)).toHaveLength(2);
  expect(await post(JSON.stringify(cry).slice(0, -1), patient.token, 'key-3')).toBe(400);
  expect(await triggersOf(patient)).toHaveLength(3);
  const deep = '['.repeat(45_000) + ']'.repeat(45_000);
  const beside = JSON.stringify(cry).replace(/}$/, `,"deep":${deep}}`);
  expect(await post(beside, patient.token, 'key-4')).toBe(400);
  expect(await triggersOf(patient)).toHaveLength(4);
});

test('a cry that is split over messages is heard, whichever processes they come through', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  await send(patient, { sessionId, message: 'I want to' });
  await sendElsewhere(patient, { sessionId, message: 'kill' });
  const last = await send(patient, { sessionId, message: 'myself' });
  expect(last.body.messageData['crisisDetected']).toBe(true);
  expect(await triggersOf(patient)).toHaveLength(1);
});

test('a cry is heard in pieces that are all refused', async () => {
  const { id: sessionId } = await supportSession(api);
  const outsider = await api.person();
  for (const message of ['I want to', 'kill', 'myself']) {
    expect((await send(outsider, { sessionId, message })).status).toBe(404);
  }
  expect(await triggersOf(outsider)).toHaveLength(1);
});

/** What alerts were started with, with PostgreSQL away, while `work` failed. */
async function startedWithout(
  work: (deps: TestApi['deps']) => Promise<unknown>,
): Promise<{ readonly request: unknown; readonly input: unknown }[]> {
  const away = openDatabase('postgres://nobody@127.0.0.1:9/none', { acquireTimeoutMs: 500 });
  const started: { request: unknown; input: unknown }[] = [];
  const startUpdateWithStart = async (
    _update: unknown,
    { args, startWorkflowOperation: { options } }: StartCall,
  ) => void started.push({ request: args[0], input: options.args[0] });
  const temporal = {
    withDeadline: (_at: unknown, work: () => unknown) => work(),
    workflow: { startUpdateWithStart },
  } as unknown as Client;
  const deps = { ...api.deps, knex: away, crisisKnex: away, temporal };
  try {
    await expect(work(deps)).rejects.toThrow();
  } finally {
    await away.destroy();
  }
  return started;
}

interface StartCall {
  readonly args: readonly unknown[];
  readonly startWorkflowOperation: { readonly options: { readonly args: readonly unknown[] } };
}

test('with PostgreSQL away a cry still starts its alert, and the sender hears that it was not sent', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const body = { sessionId, message: 'I am going to kill myself tonight' };
  const context = { requestId: 'away', newId: uuidv7() };
  const started = await startedWithout((deps) =>
    sendMessage(deps, principalOf(patient), body, context),
  );
  expect(started).toMatchObject([
    {
      request: { severity: 'critical', unrecorded: { source: 'message', reportedBy: patient.id } },
      input: { clinicId: patient.clinicId },
    },
  ]);
});

test('of whom nobody can tell the clinic, the alert looks for it itself', async () => {
  const patient = await api.person();
  const principal = { ...principalOf(patient), clinicId: UNKNOWN_CLINIC };
  const words = 'I am going to kill myself tonight';
  const asMessage = await startedWithout(async (deps) => {
    await alarmForBody(deps, principal, { message: words }, 'away');
    throw new Error('refused');
  });
  const asRequest = await startedWithout((deps) => {
    const call = { deps, principal, requestId: 'away' } as unknown as Call;
    return neverUnheard(call, cryInWords(call, words, null), () =>
      Promise.reject(new Error('away')),
    );
  });
  expect([...asMessage, ...asRequest].map(({ input }) => input)).toMatchObject([
    { personId: patient.id, clinicId: null },
    { personId: patient.id, clinicId: null },
  ]);
});

test('what the holder of an alert writes to its person is a sign of contact', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  await send(patient, { sessionId, message: 'I want to kill myself' });
  const mine = api.knex('crisis_alerts').where({ person_id: patient.id });
  await mine.clone().update({ holder_id: helper.id, status: 'held' });
  const signs: unknown[] = [];
  const getHandle = (id: string) => ({
    signal: async (_definition: unknown, sign: object) => void signs.push({ id, ...sign }),
  });
  const withDeadline = (_at: unknown, work: () => unknown): unknown => work();
  const temporal = { withDeadline, workflow: { getHandle } } as unknown as Client;
  await sendElsewhere(patient, { sessionId, message: 'Is somebody there?' }, temporal);
  expect(signs).toEqual([]);
  await sendElsewhere(helper, { sessionId, message: 'I am here with you' }, temporal);
  const alert = await mine.clone().first();
  expect(signs).toEqual([{ id: `alert-${alert.id}`, personId: helper.id }]);
});

test('with Temporal away what the holder writes extends their lease on the record', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  await send(patient, { sessionId, message: 'I want to kill myself' });
  const nowMs = Date.now();
  const open = openAlert(DEFAULT_POLICIES, 'critical', nowMs);
  const { state } = applyEvent(
    { policies: DEFAULT_POLICIES },
    open,
    { kind: 'acknowledge', by: helper.id },
    nowMs,
  );
  const leaseUntilMs = nowMs + 1_000;
  const mine = api.knex('crisis_alerts').where({ person_id: patient.id });
  const held = JSON.stringify({ ...state, leaseUntilMs });
  await mine.clone().update({ holder_id: helper.id, status: 'held', state: held, version: 1 });
  const away = { withDeadline: () => Promise.reject(new Error('away')) } as unknown as Client;
  await sendElsewhere(helper, { sessionId, message: 'I am here with you' }, away);
  await settleBackground();
  const alert = await mine.clone().first();
  expect(alert).toMatchObject({ status: 'held', version: 2 });
  expect(alert.state.leaseUntilMs).toBeGreaterThan(leaseUntilMs);
});

test('no text of a conversation is in the database in clear', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const secret = 'xylophone-under-the-bridge';
  await send(patient, { sessionId, message: `I hide my ${secret}`, clientMessageId: secret });
  await send(patient, { sessionId, message: `I will kill myself with the ${secret}` });
  const tables = await api.knex.raw<{ rows: { name: string }[] }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  for (const { name } of tables.rows) {
    const { rows } = await api.knex.raw<{ rows: unknown[] }>(
      `SELECT 1 FROM ?? AS t WHERE t::text LIKE ? OR t::text LIKE ?`,
      [name, `%${secret}%`, `%${Buffer.from(secret).toString('hex')}%`],
    );
    expect([name, rows.length]).toEqual([name, 0]);
  }
  expect(JSON.stringify(api.logged)).not.toContain(secret);
});
