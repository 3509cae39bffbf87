import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { createOutboundHttp } from '../../../activities/gateways/outbound-http.ts';
import { type Dispatcher, startDispatcher } from '../../../activities/webhooks/dispatcher.ts';
import { bodyRef, secretRef } from '../../../activities/webhooks/seals.ts';
import { type WebhookCall, createWebhookCall } from '../../../activities/webhooks/send.ts';
import { newWebhookSecret } from '../../../activities/webhooks/signature.ts';
import { type FieldCipher, createFieldCipher } from '../../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { claimDeliveries, settleFailed } from '../../../db/webhook-queue.ts';
import { insertDeliveries, replaceSecret, replayDelivery } from '../../../db/webhooks.ts';
import { MOST_ATTEMPTS } from '../../../domain/webhook-retries.ts';
import { until } from '../../support/until.ts';
import { type SessionBench, startSessionBench } from '../session/bench.ts';
import { type Hook, type Receiver, isAuthentic, makeHook, startReceiver } from './post-office.ts';

let bench: SessionBench;
let cipher: FieldCipher;
let receiver: Receiver;
let hook: Hook;
const dispatchers: Dispatcher[] = [];
const sandboxCall = createWebhookCall({ isSandbox: true, privateHosts: [] });

beforeAll(async () => {
  bench = await startSessionBench();
  cipher = createFieldCipher(await ephemeralKeyRing());
}, 120_000);
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.knex('webhooks').delete();
  receiver = await startReceiver();
  hook = await makeHook(bench, cipher, { url: receiver.url });
});
afterEach(async () => {
  await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.close()));
  receiver.close();
});

function dispatch(call: WebhookCall = sandboxCall, leaseMs = 60_000): Dispatcher {
  const dispatcher = startDispatcher({ knex: bench.knex, cipher, call }, { pollMs: 5, leaseMs });
  dispatchers.push(dispatcher);
  return dispatcher;
}

let outboxId = 0;

async function queue(facts: { sessionId?: string; body?: string; hook?: Hook } = {}) {
  const id = newId();
  const { hook: to = hook, sessionId = newId(), body = `{"type":"AppointmentBooked"}` } = facts;
  await insertDeliveries(bench.knex, [
    {
      id,
      webhookId: to.id,
      outboxId: String((outboxId += 1)),
      sessionId,
      clientId: newId(),
      eventType: 'AppointmentBooked',
      body: await cipher.sealField(bench.knex, bodyRef(to.id, id), body),
    },
  ]);
  return id;
}

const row = (id: string) => bench.knex('webhook_deliveries').where({ id }).first();
const webhook = () => bench.knex('webhooks').where({ id: hook.id }).first();
const isIn = (id: string, state: string) => async () => (await row(id)).state === state;
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** As if the pause were over. */
async function hurry(id: string): Promise<void> {
  await bench
    .knex('webhook_deliveries')
    .where({ id })
    .update({ due_at: new Date(0) });
}

describe('signatures', () => {
  test('are right by another implementation, over the very bytes, with id and time', async () => {
    const body = '{ "data": "ünïcode \\u00e9",\n "n": 1.0 }';
    const id = await queue({ body });
    dispatch();
    await until(isIn(id, 'delivered'));
    const [sent] = receiver.received;
    expect(sent).toMatchObject({
      body,
      headers: { 'webhook-id': id, 'content-type': 'application/json' },
    });
    expect(await isAuthentic(sent!, hook.secret, nowSeconds())).toBe(true);
    expect(await isAuthentic(sent!, newWebhookSecret(), nowSeconds())).toBe(false);
    const reserialised = { ...sent!, body: JSON.stringify(JSON.parse(sent!.body)) };
    expect(await isAuthentic(reserialised, hook.secret, nowSeconds())).toBe(false);
    expect(await isAuthentic(sent!, hook.secret, nowSeconds() + 302)).toBe(false);
  });

  test('are two while a secret is being replaced, and one after that', async () => {
    const next = newWebhookSecret();
    await bench.knex.transaction(async (trx) => {
      const sealed = await cipher.sealField(trx, secretRef(hook.id), next);
      await replaceSecret(trx, hook.id, sealed, 60_000);
    });
    await until(isIn(await queueAndSend(), 'delivered'));
    const both = receiver.received[0]!;
    expect(await isAuthentic(both, hook.secret, nowSeconds())).toBe(true);
    expect(await isAuthentic(both, next, nowSeconds())).toBe(true);
    await bench.knex('webhooks').update({ previous_secret_until: new Date(0) });
    await until(isIn(await queue(), 'delivered'));
    const after = receiver.received[1]!;
    expect(await isAuthentic(after, hook.secret, nowSeconds())).toBe(false);
    expect(await isAuthentic(after, next, nowSeconds())).toBe(true);
  });
});

async function queueAndSend(): Promise<string> {
  const id = await queue();
  dispatch();
  return id;
}

test('a failed attempt comes again under the same id, signed anew, and success ends the failing', async () => {
  receiver.answers.push({ status: 500 }, { status: 503, headers: { 'retry-after': '2000' } });
  const id = await queueAndSend();
  await until(async () => (await row(id)).status_code === 500);
  expect(await row(id)).toMatchObject({ state: 'pending', attempts: 1, last_error: 'refused' });
  expect((await webhook()).failing_since).not.toBeNull();
  await hurry(id);
  await until(async () => (await row(id)).status_code === 503);
  const wait = (await row(id)).due_at.getTime() - Date.now();
  expect(wait).toBeGreaterThan(1_900_000);
  await hurry(id);
  await until(isIn(id, 'delivered'));
  expect(await row(id)).toMatchObject({ attempts: 3, status_code: 204, last_error: null });
  expect((await webhook()).failing_since).toBeNull();
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(ids).toEqual([id, id, id]);
  for (const sent of receiver.received) {
    expect(await isAuthentic(sent, hook.secret, nowSeconds())).toBe(true);
  }
});

test('after its last attempt it is a dead letter, and a replay delivers it under the same id', async () => {
  receiver.answers.push({ status: 400 });
  const id = await queue();
  await bench.knex('webhook_deliveries').update({ attempts: MOST_ATTEMPTS - 1 });
  dispatch();
  await until(isIn(id, 'dead'));
  expect(await row(id)).toMatchObject({ attempts: MOST_ATTEMPTS, status_code: 400 });
  await bench.knex.transaction((trx) => replayDelivery(trx, { id, webhookId: hook.id }));
  await until(isIn(id, 'delivered'));
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
});

test('a worker that dies between the call and its mark leads to a second call, not to a lost one', async () => {
  const id = await queue();
  const [claimed] = await claimDeliveries(bench.knex, {
    limit: 1,
    perWebhook: 1,
    leaseMs: 60,
    busy: [],
  });
  await sandboxCall(claimed!.url, { 'webhook-id': claimed!.id }, '{}');
  dispatch();
  await until(isIn(id, 'delivered'));
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
  // The dead one's word, should it come after all, changes nothing any more.
  await settleFailed(bench.knex, claimed!, { statusCode: 500, error: 'refused', retryInMs: null });
  expect((await row(id)).state).toBe('delivered');
});

test('two workers deliver each event once', async () => {
  const ids = await Promise.all(Array.from({ length: 40 }, () => queue()));
  dispatch();
  dispatch();
  await until(async () => receiver.received.length >= 40);
  await until(async () => {
    const left = await bench.knex('webhook_deliveries').where({ state: 'pending' });
    return left.length === 0;
  });
  const got = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(got.toSorted()).toEqual(ids.toSorted());
});

test('of one appointment the later waits for the earlier, until that is delivered or dead', async () => {
  const sessionId = newId();
  const clientId = newId();
  receiver.answers.push({ status: 500 });
  const ids: string[] = [];
  for (const type of ['first', 'second', 'third']) {
    ids.push(await queue({ sessionId, body: type }));
  }
  await bench.knex('webhook_deliveries').update({ client_id: clientId });
  dispatch();
  await until(async () => (await row(ids[0]!)).status_code === 500);
  await until(isIn(await queue({ body: 'other' }), 'delivered'));
  expect(receiver.received.map(({ body }) => body)).toEqual(['first', 'other']);
  await hurry(ids[0]!);
  await until(isIn(ids[2]!, 'delivered'));
  const order = receiver.received.map(({ body }) => body).filter((body) => body !== 'other');
  expect(order).toEqual(['first', 'first', 'second', 'third']);
});

test('an address that does not answer holds up no other', async () => {
  const mute: WebhookCall = (url, headers, body) =>
    url.includes('mute') ? new Promise(() => undefined) : sandboxCall(url, headers, body);
  const silent = await makeHook(bench, cipher, { url: 'https://mute.example/in' });
  for (let at = 0; at < 30; at += 1) await queue({ hook: silent });
  const ids = await Promise.all(Array.from({ length: 9 }, () => queue()));
  const dispatcher = startDispatcher({ knex: bench.knex, cipher, call: mute }, { pollMs: 5 });
  for (const id of ids) await until(isIn(id, 'delivered'));
  const claimed = await bench
    .knex('webhook_deliveries')
    .where({ webhook_id: silent.id, attempts: 1 });
  expect(claimed.length).toBeLessThanOrEqual(4);
  void dispatcher.close();
});

describe('an address that is no more', () => {
  test.each([
    ['says so', 410, null, 'gone'],
    ['has failed for days', 500, 6 * 86_400_000, 'failing'],
  ])('is disabled when it %s, and a human is told', async (_name, status, failingMs, reason) => {
    receiver.answers.push({ status });
    const failing_since = failingMs === null ? null : new Date(Date.now() - failingMs);
    await bench.knex('webhooks').update({ failing_since });
    const id = await queueAndSend();
    await until(async () => (await webhook()).state === 'disabled');
    await until(isIn(id, 'dead'));
    const later = await queue();
    const tasks = await bench.knex('tasks').where({ kind: 'webhook_disabled' });
    expect(tasks.map(({ data }) => data)).toContainEqual({ webhookId: hook.id, reason });
    await bench.knex.transaction((trx) => replayDelivery(trx, { id, webhookId: hook.id }));
    await until(isIn(id, 'delivered'));
    await until(isIn(later, 'delivered'));
    await bench.knex('tasks').delete();
  });
});

describe('addresses that are not public', () => {
  const hosts = { isSandbox: false, privateHosts: ['named.internal'] };
  const resolved = (address: string) => ({
    allowPrivateHosts: false,
    resolve: async () => [{ address, family: address.includes(':') ? 6 : 4 }],
  });

  test.each([
    ['https://127.0.0.1/', 'blocked_address'],
    ['https://[::1]/', 'blocked_address'],
    ['https://[::ffff:127.0.0.1]/', 'blocked_address'],
    ['https://[::ffff:10.0.0.1]/', 'blocked_address'],
    ['https://[64:ff9b::7f00:1]/', 'blocked_address'],
    ['https://[fd00::1]/', 'blocked_address'],
    ['https://169.254.169.254/latest', 'blocked_address'],
    ['https://10.0.0.1/', 'blocked_address'],
    ['https://172.16.0.1/', 'blocked_address'],
    ['https://100.64.0.1/', 'blocked_address'],
    ['https://0.0.0.0/', 'blocked_address'],
    ['https://2130706433/', 'blocked_address'],
    ['https://0x7f.1/', 'blocked_address'],
    ['https://017700000001/', 'blocked_address'],
    ['https://localhost/', 'blocked_address'],
    ['http://events.example.com/', 'bad_address'],
    ['http://named.internal/', 'bad_address'],
  ])('%s is not called: %s', async (url, fault) => {
    expect(await createWebhookCall(hosts)(url, {}, '{}')).toEqual({ kind: 'failed', fault });
  });

  test.each(['127.0.0.1', '::1', '::ffff:192.168.1.1', '169.254.169.254', '10.0.0.7'])(
    'nor is a public name that leads to %s',
    async (address) => {
      const strict = createOutboundHttp(resolved(address));
      const call = createWebhookCall(hosts, undefined, strict);
      const answer = await call('https://events.example.com/', {}, '{}');
      expect(answer).toEqual({ kind: 'failed', fault: 'blocked_address' });
    },
  );

  test('a private host that the operator has named is called', async () => {
    const reached: string[] = [];
    const open = {
      request: async ({ url }: { url: string }) => {
        reached.push(url);
        return { kind: 'answered' as const, status: 204, headers: {}, body: Buffer.alloc(0) };
      },
    };
    await createWebhookCall(hosts, open)('https://named.internal/in', {}, '{}');
    expect(reached).toEqual(['https://named.internal/in']);
  });

  test('a redirect is a failure and is not followed', async () => {
    const elsewhere = await startReceiver();
    receiver.answers.push({ status: 302, headers: { location: elsewhere.url } });
    const id = await queueAndSend();
    await until(async () => (await row(id)).last_error === 'redirect');
    expect(elsewhere.received).toEqual([]);
    elsewhere.close();
  });
});
