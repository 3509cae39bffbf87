import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import express from 'express';
import { pino } from 'pino';
import { Stripe } from 'stripe';
import { createProviderNews } from '../../../api/webhooks/provider-news.ts';
import { stripeWebhook } from '../../../api/webhooks/stripe.ts';
import { workflowId } from '../../../domain/ids.ts';
import { PRICE_CENTS, startMoney } from '../../activities/money/bench.ts';
import type { MoneyBench } from '../../activities/money/bench.ts';
import { SECRET_KEY, WEBHOOK_SECRET } from '../../sandbox/stripe-support.ts';

interface Told {
  readonly workflowId: string;
  readonly signal: string;
  readonly started: string | null;
}

/** Takes the place of Temporal: remembers what was told, and may be down or have forgotten. */
const temporal = {
  told: [] as Told[],
  isDown: false,
  ended: new Set<string>(),
};

const client = {
  workflow: {
    getHandle: (id: string) => ({
      signal: async (signal: { name: string }) => {
        if (temporal.isDown) throw new Error('unavailable');
        if (temporal.ended.has(id)) throw new WorkflowNotFoundError('gone', id, undefined);
        temporal.told.push({ workflowId: id, signal: signal.name, started: null });
      },
    }),
    signalWithStart: async (
      type: string,
      options: { workflowId: string; signal: { name: string } },
    ) => {
      if (temporal.isDown) throw new Error('unavailable');
      const { workflowId: id, signal } = options;
      temporal.told.push({ workflowId: id, signal: signal.name, started: type });
    },
  },
} as unknown as Client;

let bench: MoneyBench;
let server: Server;
let url: string;

beforeAll(async () => {
  const app = express();
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`;
  bench = await startMoney(5_000, url);
  await bench.provider.control('/webhooks/pause');
  const { knex, cards } = bench;
  const log = pino({ level: 'silent' });
  const deps = { knex, cards, log, news: createProviderNews(client) };
  app.post('/webhooks/stripe', ...stripeWebhook(deps));
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bench.close();
});

beforeEach(async () => {
  Object.assign(temporal, { told: [], isDown: false, ended: new Set() });
  await bench.provider.control('/webhooks/flush');
  temporal.told = [];
});

async function post(body: string, signature: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}

function sign(body: string, options: { secret?: string; ageSeconds?: number } = {}): string {
  return new Stripe(SECRET_KEY).webhooks.generateTestHeaderString({
    payload: body,
    secret: options.secret ?? WEBHOOK_SECRET,
    timestamp: Math.floor(Date.now() / 1000) - (options.ageSeconds ?? 0),
  });
}

function eventBody(id: string, type: string, object: object): string {
  return JSON.stringify({ id, object: 'event', type, data: { object } }, null, 2);
}

/** A payment whose holder has just passed the bank's challenge, which nobody here knows yet. */
async function authenticated(): Promise<{
  paymentId: string;
  sessionId: string;
  intentId: string;
}> {
  const session = await bench.session();
  const paymentId = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
  await bench.money.authorisePayment({ paymentId });
  const intentId = (await bench.row(paymentId)).provider_ref ?? '';
  await bench.provider.control(`/payment_intents/${intentId}/authenticate`, {
    outcome: 'succeed',
  });
  return { paymentId, sessionId: session.sessionId, intentId };
}

async function transitionsOf(paymentId: string): Promise<number> {
  const rows = await bench
    .knex('audit_entries')
    .where({ action: 'payment.changed', object_id: paymentId });
  return rows.length;
}

describe('what is not from the provider', () => {
  test('changes nothing: forged, 301 s old, re-serialised or unsigned', async () => {
    const { paymentId, intentId } = await authenticated();
    const type = 'payment_intent.amount_capturable_updated';
    const body = eventBody('evt_forged', type, { id: intentId, object: 'payment_intent' });
    const compact = JSON.stringify(JSON.parse(body));
    const statuses = [
      await post(body, sign(body, { secret: 'whsec_other' })),
      await post(body, sign(body, { ageSeconds: 301 })),
      await post(compact, sign(body)),
      await post(body, ''),
      await post('', sign(body)),
      await post(body, 't=1,v1=00'),
    ];
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400]);
    expect(await bench.knex('provider_events').where({ id: 'evt_forged' })).toEqual([]);
    expect((await bench.row(paymentId)).state).toBe('requires_action');
    expect(temporal.told).toEqual([]);
    expect(await post(body, sign(body, { ageSeconds: 290 }))).toBe(200);
    expect((await bench.row(paymentId)).state).toBe('authorised');
  });

  test('or concerns nobody is taken politely', async () => {
    for (const [type, object] of [
      ['payment_intent.succeeded', { id: 'pi_unknown', object: 'payment_intent' }],
      ['customer.created', { id: 'cus_1', object: 'customer' }],
      ['charge.dispute.created', { id: 'dp_1', object: 'dispute', payment_intent: 'pi_none' }],
      ['invoice.paid', { id: 'in_1', object: 'invoice', metadata: { payment_id: 'nonsense' } }],
    ] as const) {
      const body = eventBody(`evt_${object.id}`, type, object);
      expect(await post(body, sign(body))).toBe(200);
    }
    expect(temporal.told).toEqual([]);
  });

  test('nonsense in our own metadata does no harm', async () => {
    const object = { id: 're_1', object: 'refund', metadata: { payment_id: "1' OR 1=1" } };
    const body = eventBody('evt_nonsense', 'refund.updated', object);
    expect(await post(body, sign(body))).toBe(200);
  });
});

describe('an event', () => {
  test('a hundred times in parallel: one transition, one message', async () => {
    const { paymentId, sessionId, intentId } = await authenticated();
    const type = 'payment_intent.amount_capturable_updated';
    const body = eventBody('evt_hundred', type, { id: intentId, object: 'payment_intent' });
    const signature = sign(body);
    const before = await transitionsOf(paymentId);
    const statuses = await Promise.all(Array.from({ length: 100 }, () => post(body, signature)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect((await transitionsOf(paymentId)) - before).toBe(1);
    expect(temporal.told).toEqual([
      { workflowId: workflowId('session', sessionId), signal: 'payment-news', started: null },
    ]);
  });

  test.each(['reverse', 'shuffle', 'created'])(
    'with all its siblings, each twice, in the order "%s": one transition each',
    async (order) => {
      const { paymentId, sessionId } = await authenticated();
      await bench.money.syncPayment({ paymentId });
      await bench.money.capturePayment({ sessionId });
      const refund = { sessionId, refundCents: 4_000, reason: 'cancelled', step: 'end' };
      await bench.money.refundPayment(refund);
      const before = await transitionsOf(paymentId);
      const flush = { order, duplicate: 1, parallel: true };
      const { sent } = await bench.provider.control<{ sent: unknown }>('/webhooks/flush', flush);
      expect(sent).toBeTruthy();
      expect(await transitionsOf(paymentId)).toBe(before);
      expect(await bench.row(paymentId)).toMatchObject({
        state: 'captured',
        captured_cents: PRICE_CENTS,
        refunded_cents: 4_000,
      });
    },
  );

  test('that only echoes what the session did is not told to it again', async () => {
    const { paymentId, sessionId, intentId } = await authenticated();
    await bench.money.syncPayment({ paymentId });
    await bench.knex('sessions').where({ id: sessionId }).update({ payment: 'authorised' });
    const object = { id: intentId, object: 'payment_intent' };
    const body = eventBody('evt_echo', 'payment_intent.amount_capturable_updated', object);
    expect(await post(body, sign(body))).toBe(200);
    expect(temporal.told).toEqual([]);
  });

  test('is not lost while Temporal is down', async () => {
    const { sessionId, intentId } = await authenticated();
    const object = { id: intentId, object: 'payment_intent' };
    const body = eventBody('evt_down', 'payment_intent.amount_capturable_updated', object);
    temporal.isDown = true;
    expect(await post(body, sign(body))).toBe(503);
    temporal.isDown = false;
    expect(await post(body, sign(body))).toBe(200);
    expect(temporal.told.map((told) => told.workflowId)).toEqual([
      workflowId('session', sessionId),
    ]);
    expect(await post(body, sign(body))).toBe(200);
    expect(temporal.told).toHaveLength(1);
  });

  test('is not lost when the process that claimed it has died', async () => {
    const { intentId } = await authenticated();
    await bench.knex('provider_events').insert({
      id: 'evt_died',
      provider: 'stripe',
      type: 'payment_intent.amount_capturable_updated',
      claimed_until: new Date(Date.now() - 1_000),
    });
    const object = { id: intentId, object: 'payment_intent' };
    const body = eventBody('evt_died', 'payment_intent.amount_capturable_updated', object);
    expect(await post(body, sign(body))).toBe(200);
    expect(temporal.told).toHaveLength(1);
  });

  test('lies in its snapshot, and the truth is fetched instead', async () => {
    const { paymentId, intentId } = await authenticated();
    const object = {
      id: intentId,
      object: 'payment_intent',
      status: 'succeeded',
      amount_received: PRICE_CENTS,
    };
    const body = eventBody('evt_lie', 'payment_intent.succeeded', object);
    expect(await post(body, sign(body))).toBe(200);
    expect(await bench.row(paymentId)).toMatchObject({ state: 'authorised', captured_cents: 0 });
  });

  test('after the session has ended starts a reconciliation', async () => {
    const { paymentId, sessionId, intentId } = await authenticated();
    await bench.knex('sessions').where({ id: sessionId }).update({ status: 'expired' });
    temporal.ended.add(workflowId('session', sessionId));
    const object = { id: intentId, object: 'payment_intent' };
    const body = eventBody('evt_late', 'payment_intent.amount_capturable_updated', object);
    expect(await post(body, sign(body))).toBe(200);
    expect(temporal.told).toEqual([
      {
        workflowId: workflowId('reconciliation', paymentId),
        signal: 'look-again',
        started: 'reconciliationWorkflow',
      },
    ]);
  });

  test('of a dispute becomes one task', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_createDispute' });
    await bench.money.authorisePayment({ paymentId });
    await bench.money.capturePayment(session);
    await bench.provider.control('/clock', { advanceMs: 1_000 });
    await bench.provider.control('/webhooks/flush', { duplicate: 2, parallel: true });
    const tasks = await bench.knex('tasks').where({ payment_id: paymentId });
    expect(tasks).toEqual([
      expect.objectContaining({ kind: 'dispute', session_id: session.sessionId, state: 'open' }),
    ]);
    expect(tasks[0].data).toMatchObject({ amountCents: PRICE_CENTS, reason: 'fraudulent' });
  });
});
