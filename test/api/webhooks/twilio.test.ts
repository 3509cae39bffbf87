import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { pino } from 'pino';
import twilio from 'twilio';
import { createTwilioGateway } from '../../../activities/gateways/twilio.ts';
import type { ProviderNews } from '../../../api/webhooks/provider-news.ts';
import { twilioInboundWebhook, twilioStatusWebhook } from '../../../api/webhooks/twilio.ts';
import { startMoney } from '../../activities/money/bench.ts';
import type { MoneyBench } from '../../activities/money/bench.ts';

const TOKEN = 'twilio_token_0123456789';
const PUBLIC_URL = 'https://clinic.example';

let bench: MoneyBench;
let server: Server;
let baseUrl: string;
let told: unknown[];

const news: ProviderNews = {
  ofCard: () => Promise.resolve(),
  ofText: async (of, settled) => {
    told.push({ ...of, ...settled });
  },
};

beforeAll(async () => {
  bench = await startMoney();
  const gateway = createTwilioGateway({
    accountSid: 'AC00000000000000000000000000000000',
    authToken: TOKEN,
    from: '+15005550006',
    publicUrl: PUBLIC_URL,
  });
  const deps = { knex: bench.knex, twilio: gateway, news, log: pino({ level: 'silent' }) };
  const takeByText = async (): Promise<void> => undefined;
  const app = express();
  app.set('query parser', 'simple');
  const router = express.Router();
  router.post('/twilio/status', ...twilioStatusWebhook(deps));
  router.post('/twilio/inbound', ...twilioInboundWebhook({ ...deps, takeByText }));
  app.use('/webhooks', router);
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bench.close();
});

beforeEach(() => {
  told = [];
});

async function post(path: string, fields: Record<string, string>, token = TOKEN): Promise<number> {
  const signature = twilio.getExpectedTwilioSignature(token, `${PUBLIC_URL}${path}`, fields);
  const response = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { 'x-twilio-signature': signature },
    body: new URLSearchParams(fields),
  });
  await response.text();
  return response.status;
}

async function send(key: string, state: string): Promise<string> {
  const { sessionId, clientId } = await bench.session();
  await bench.knex('sends').insert({
    key,
    session_id: sessionId,
    recipient_id: clientId,
    kind: 'reminder',
    channel: 'sms',
    state,
  });
  return sessionId;
}

function receipt(key: string, status: string, extra: Record<string, string> = {}): Promise<number> {
  const path = `/webhooks/twilio/status?key=${encodeURIComponent(key)}`;
  return post(path, { MessageSid: `SM${key}`, MessageStatus: status, ...extra });
}

async function stateOf(key: string): Promise<string> {
  return (await bench.knex('sends').where({ key }).first('state')).state;
}

describe('delivery receipts', () => {
  test('settle what was sent, what was ambiguous, and never undo each other', async () => {
    const key = 'session:client/24h+1?&=%';
    await send(key, 'ambiguous');
    expect(await receipt(key, 'delivered')).toBe(204);
    expect(await receipt(key, 'sent')).toBe(204);
    expect(await receipt(key, 'undelivered', { ErrorCode: '30003' })).toBe(204);
    expect(await stateOf(key)).toBe('delivered');
    // Its session would have nothing to do with the news.
    expect(told).toEqual([]);
    const row = await bench.knex('sends').where({ key }).first();
    expect(row).toMatchObject({ provider_ref: `SM${key}`, reason: null });
    expect(row.settled_at).not.toBeNull();
  });

  test('accepted only: an ambiguous send was sent after all, and nobody needs to hear', async () => {
    await send('k-accepted', 'ambiguous');
    expect(await receipt('k-accepted', 'queued')).toBe(204);
    expect(await stateOf('k-accepted')).toBe('sent');
    expect(told).toEqual([]);
  });

  test('of a failure tell the session, which falls back, with the provider’s code', async () => {
    const sessionId = await send('k-failed', 'sent');
    expect(await receipt('k-failed', 'undelivered', { ErrorCode: '30003' })).toBe(204);
    expect(told).toEqual([{ sessionId, key: 'k-failed', state: 'failed' }]);
    const row = await bench.knex('sends').where({ key: 'k-failed' }).first();
    expect(row).toMatchObject({ state: 'failed', reason: '30003' });
  });

  test('a skipped send stays skipped; unknown keys and strange bodies do no harm', async () => {
    await send('k-skipped', 'skipped');
    expect(await receipt('k-skipped', 'delivered')).toBe(204);
    expect(await stateOf('k-skipped')).toBe('skipped');
    expect(await receipt('k-nobody', 'delivered')).toBe(204);
    expect(await post('/webhooks/twilio/status', { MessageSid: 'SM1' })).toBe(204);
    expect(await post('/webhooks/twilio/status?key=k-skipped', {})).toBe(204);
    expect(told).toEqual([]);
  });

  test('forged, or signed for another key, change nothing', async () => {
    await send('k-forged', 'sent');
    const path = '/webhooks/twilio/status?key=k-forged';
    const fields = { MessageSid: 'SM1', MessageStatus: 'failed' };
    expect(await post(path, fields, 'another_token')).toBe(403);
    const elsewhere = twilio.getExpectedTwilioSignature(
      TOKEN,
      `${PUBLIC_URL}/webhooks/twilio/status?key=other`,
      fields,
    );
    const response = await fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { 'x-twilio-signature': elsewhere },
      body: new URLSearchParams(fields),
    });
    expect(response.status).toBe(403);
    expect((await fetch(`${baseUrl}${path}`, { method: 'POST' })).status).toBe(403);
    expect(await stateOf('k-forged')).toBe('sent');
  });
});

describe('answers to texts', () => {
  test.each([
    ['STOP', true],
    [' stop ', true],
    ['Unsubscribe.', true],
    ['please stop by', false],
    ['START', false],
    ['hello', false],
  ])('%j opts out: %s', async (body, isOut) => {
    const phone = '+15005550010';
    await bench.knex('sms_opt_outs').where({ phone }).delete();
    expect(await post('/webhooks/twilio/inbound', { From: phone, Body: body })).toBe(204);
    const rows = await bench.knex('sms_opt_outs').where({ phone });
    expect(rows).toHaveLength(isOut ? 1 : 0);
  });

  test('START opts in again, and both may come twice', async () => {
    const From = '+15005550011';
    const say = (Body: string): Promise<number> => post('/webhooks/twilio/inbound', { From, Body });
    for (const word of ['STOP', 'STOP', 'START', 'START']) expect(await say(word)).toBe(204);
    expect(await bench.knex('sms_opt_outs').where({ phone: From })).toEqual([]);
    expect(await post('/webhooks/twilio/inbound', { From: 'nonsense', Body: 'STOP' })).toBe(204);
    const forged = await post('/webhooks/twilio/inbound', { From, Body: 'STOP' }, 'other');
    expect(forged).toBe(403);
    expect(await bench.knex('sms_opt_outs').where({ phone: From })).toEqual([]);
  });
});
