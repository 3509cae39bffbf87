import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import twilio from 'twilio';
import { receiveWebhooks, requestJson, type WebhookReceiver } from './support/http.ts';
import { AUTH_TOKEN, NUMBER, type RunningTwilio, sdkAt, startTwilio } from './support/twilio.ts';

const TO = '+14155550111';

let provider: RunningTwilio;
let product: WebhookReceiver;

beforeEach(async () => {
  provider = await startTwilio();
  product = await receiveWebhooks();
});

afterEach(async () => {
  await provider.close();
  await product.close();
});

describe('sending', () => {
  test('goes from queued over sent to delivered, with receipts that the SDK verifies', async () => {
    const url = `${product.url}/receipts?send=key%2B1&x='`;
    const message = await provider.client.messages.create({
      to: TO,
      from: NUMBER,
      body: 'You have an appointment',
      statusCallback: url,
    });
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/);
    expect(message).toMatchObject({ status: 'queued', direction: 'outbound-api', to: TO });
    expect(message.dateCreated).toBeInstanceOf(Date);

    await product.waitFor(({ params }) => params['MessageStatus'] === 'delivered');
    expect(product.received.map(({ params }) => params['MessageStatus'])).toEqual([
      'queued',
      'sent',
      'delivered',
    ]);
    for (const { signature, params } of product.received) {
      expect(params['MessageSid']).toBe(message.sid);
      expect(twilio.validateRequest(AUTH_TOKEN, signature ?? '', url, params)).toBe(true);
      const forged = { ...params, MessageStatus: 'read' };
      expect(twilio.validateRequest(AUTH_TOKEN, signature ?? '', url, forged)).toBe(false);
    }
    const fetched = await provider.client.messages(message.sid).fetch();
    expect(fetched).toMatchObject({ status: 'delivered', errorCode: null });
    expect(fetched.dateSent).toBeInstanceOf(Date);
  });

  test.each([
    ['+15005550001', 21211, 400],
    ['555-0123', 21211, 400],
    ['+15005550004', 21610, 400],
    ['+15005550009', 21614, 400],
    ['+15005550114', 20429, 429],
  ])('to %s is refused with %d', async (to, code, status) => {
    await expect(
      provider.client.messages.create({ to, from: NUMBER, body: 'Hello' }),
    ).rejects.toMatchObject({
      code,
      status,
      moreInfo: `https://www.twilio.com/docs/errors/${String(code)}`,
    });
    expect(provider.sandbox.messages()).toEqual([]);
  });

  test.each([
    [{ to: TO, from: NUMBER }, 21602],
    [{ to: TO, body: 'Hello' }, 21603],
    [{ to: TO, from: '+14155559999', body: 'Hello' }, 21606],
    [{ to: TO, from: NUMBER, body: 'x'.repeat(1601) }, 21617],
    [{ to: TO, from: NUMBER, body: 'Hello', statusCallback: 'ftp://x' }, 21609],
  ])('%j is refused with %d', async (params, code) => {
    await expect(provider.client.messages.create(params)).rejects.toMatchObject({ code });
  });

  test('a dead phone ends undelivered with its error code', async () => {
    const { sid } = await provider.client.messages.create({
      to: '+15005550110',
      from: NUMBER,
      body: 'Hello',
      statusCallback: `${product.url}/receipts`,
    });
    const last = await product.waitFor(({ params }) => params['MessageStatus'] === 'undelivered');
    expect(last.params['ErrorCode']).toBe('30003');
    expect(await provider.client.messages(sid).fetch()).toMatchObject({ errorCode: 30003 });
  });

  test('the wrong token and an unknown resource are refused', async () => {
    const stranger = sdkAt(provider.url, 'e'.repeat(32));
    await expect(stranger.messages.list()).rejects.toMatchObject({ code: 20003, status: 401 });
    await expect(provider.client.messages(`SM${'0'.repeat(32)}`).fetch()).rejects.toMatchObject({
      code: 20404,
      status: 404,
    });
  });
});

describe('the list', () => {
  test('pages newest first, complete although new texts arrive meanwhile', async () => {
    const send = async (n: number): Promise<string> =>
      (await provider.client.messages.create({ to: TO, from: NUMBER, body: `n${String(n)}` })).sid;
    const sids: string[] = [];
    for (let n = 0; n < 7; n++) sids.push(await send(n));
    await provider.client.messages.create({ to: '+14155550222', from: NUMBER, body: 'other' });

    const first = await provider.client.messages.page({ to: TO, pageSize: 3 });
    await send(7);
    const second = await first.nextPage();
    const third = await second?.nextPage();
    const seen = [first, second, third].flatMap((page) => page?.instances ?? []);
    expect(seen.map(({ sid }) => sid)).toEqual(sids.toReversed());
    expect(third?.nextPage()).toBeUndefined();
    expect(await provider.client.messages.list({ to: TO, pageSize: 2 })).toHaveLength(8);
  });

  test('filters by the date of sending, bounds included', async () => {
    let now = Date.parse('2026-03-01T10:00:00Z');
    await provider.close();
    provider = await startTwilio({ clock: () => now });
    for (const day of ['2026-03-01', '2026-03-02', '2026-03-03']) {
      now = Date.parse(`${day}T10:00:00Z`);
      const statusCallback = `${product.url}/${day}`;
      await provider.client.messages.create({ to: TO, from: NUMBER, body: day, statusCallback });
      await product.waitFor(
        ({ url, params }) => url.endsWith(day) && 'sent' === params['SmsStatus'],
      );
    }
    const bodies = async (
      filter: Parameters<typeof provider.client.messages.list>[0],
    ): Promise<string[]> =>
      (await provider.client.messages.list(filter)).map(({ body }) => body).toSorted();
    const second = new Date('2026-03-02T10:00:00Z');
    expect(await bodies({ dateSentAfter: second })).toEqual(['2026-03-02', '2026-03-03']);
    expect(await bodies({ dateSentBefore: second })).toEqual(['2026-03-01', '2026-03-02']);
    expect(await bodies({ dateSentAfter: new Date('2026-03-02T10:00:01Z') })).toEqual([
      '2026-03-03',
    ]);
  });
});

describe('inbound texts', () => {
  test('STOP unsubscribes with a reply and still reaches the webhook; START ends it', async () => {
    await requestJson(`${provider.url}/control/twilio/inbound`, 'PUT', {
      url: `${product.url}/inbound`,
    });
    const text = (body: string): Promise<unknown> =>
      requestJson(`${provider.url}/control/twilio/inbound`, 'POST', { from: TO, body });

    expect(await text(' stop ')).toMatchObject({ subscribed: false, webhookStatus: 200 });
    const [inbound] = product.received;
    expect(inbound?.params).toMatchObject({ From: TO, To: NUMBER, Body: ' stop ' });
    expect(
      twilio.validateRequest(
        AUTH_TOKEN,
        inbound?.signature ?? '',
        `${product.url}/inbound`,
        inbound?.params ?? {},
      ),
    ).toBe(true);
    const send = (): Promise<unknown> =>
      provider.client.messages.create({ to: TO, from: NUMBER, body: 'Hello' });
    await expect(send()).rejects.toMatchObject({ code: 21610 });
    const replies = await provider.client.messages.list({ to: TO });
    expect(replies.map(({ direction }) => direction)).toEqual(['outbound-reply']);

    expect(await text('please stop')).toMatchObject({ subscribed: false });
    expect(await text('Start')).toMatchObject({ subscribed: true });
    await expect(send()).resolves.toBeDefined();
    expect(await text('PLEASE STOP')).toMatchObject({ subscribed: true });
  });

  test('a TwiML answer is texted back, except to who has unsubscribed', async () => {
    const inbound = `${provider.url}/control/twilio/inbound`;
    await requestJson(inbound, 'PUT', { url: `${product.url}/inbound` });
    product.answer('/inbound', '<Response><Message>A &amp; B</Message></Response>');
    await requestJson(inbound, 'POST', { from: TO, body: 'ok 4711' });
    await requestJson(inbound, 'POST', { from: TO, body: 'STOP' });
    const bodies = provider.sandbox
      .messages()
      .filter(({ direction }) => direction === 'outbound-reply')
      .map(({ body }) => body);
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toBe('A & B');
    expect(bodies[1]).toContain('unsubscribed');
  });
});

describe('callbacks', () => {
  test('held back, they come out reversed and doubled', async () => {
    const callbacks = `${provider.url}/control/twilio/callbacks`;
    await requestJson(callbacks, 'PUT', { paused: true });
    const { sid } = await provider.client.messages.create({
      to: TO,
      from: NUMBER,
      body: 'Hello',
      statusCallback: `${product.url}/receipts`,
    });
    const delivered = async (): Promise<boolean> =>
      (await provider.client.messages(sid).fetch()).status === 'delivered';
    while (!(await delivered()));
    expect(product.received).toEqual([]);

    await requestJson(callbacks, 'PUT', { paused: false });
    const flush = { reverse: true, duplicate: true };
    expect(await requestJson(`${callbacks}/flush`, 'POST', flush)).toEqual({ sent: 6 });
    expect(product.received.map(({ params }) => params['MessageStatus'])).toEqual([
      'delivered',
      'delivered',
      'sent',
      'sent',
      'queued',
      'queued',
    ]);
  });
});

test('what was accepted survives a restart, and is carried on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twilio-sandbox-'));
  const dataFile = join(folder, 'twilio.jsonl');
  const first = await startTwilio({ dataFile, stepDelayMs: 3_600_000 });
  const { sid } = await first.client.messages.create({
    to: TO,
    from: NUMBER,
    body: 'Hello',
    statusCallback: `${product.url}/receipts`,
  });
  await requestJson(`${first.url}/control/twilio/inbound`, 'POST', {
    from: '+14155550333',
    body: 'STOP',
  });
  await first.close();

  const second = await startTwilio({ dataFile });
  await product.waitFor(({ params }) => params['MessageStatus'] === 'delivered');
  expect(await second.client.messages(sid).fetch()).toMatchObject({ status: 'delivered' });
  await expect(
    second.client.messages.create({ to: '+14155550333', from: NUMBER, body: 'Hello' }),
  ).rejects.toMatchObject({ code: 21610 });
  await second.close();
  await rm(folder, { recursive: true });
});
