import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTwilioGateway, type TwilioGateway } from '../../../activities/gateways/twilio.ts';
import { signRequest, type TwilioFault } from '../../../sandbox/twilio/index.ts';
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  NUMBER,
  type RunningTwilio,
  startTwilio,
} from '../../sandbox/support/twilio.ts';

const TO = '+14155550111';
const PUBLIC_URL = 'https://clinic.example/base/';

let provider: RunningTwilio;

function gatewayAt(apiUrl: string, timeoutMs = 20_000, authToken = AUTH_TOKEN): TwilioGateway {
  return createTwilioGateway({
    accountSid: ACCOUNT_SID,
    authToken,
    from: NUMBER,
    apiUrl,
    publicUrl: PUBLIC_URL,
    timeoutMs,
  });
}

const sms = (to = TO, body = 'You have an appointment: https://c.example/s/k1') => ({
  to,
  body,
  statusCallback: 'http://127.0.0.1:1/receipts',
});

beforeEach(async () => {
  provider = await startTwilio();
});

afterEach(async () => {
  await provider.close();
});

describe('sendSms', () => {
  test('answers the id of what was accepted', async () => {
    const sent = await gatewayAt(provider.url).sendSms(sms());
    expect(sent).toEqual({ kind: 'accepted', id: provider.sandbox.messages()[0]?.sid });
  });

  test.each([
    ['+15005550004', { kind: 'refused', reason: 'opted_out', code: '21610' }],
    ['+15005550001', { kind: 'refused', reason: 'bad_number', code: '21211' }],
    ['+15005550009', { kind: 'refused', reason: 'bad_number', code: '21614' }],
    ['+15005550114', { kind: 'unavailable', code: '20429' }],
  ])('to %s is %j', async (to, expected) => {
    expect(await gatewayAt(provider.url).sendSms(sms(to))).toEqual(expected);
  });

  test('the wrong token is our own fault', async () => {
    const gateway = gatewayAt(provider.url, 20_000, 'e'.repeat(32));
    expect(await gateway.sendSms(sms())).toEqual({
      kind: 'refused',
      reason: 'misconfigured',
      code: '20003',
    });
  });

  test('nobody listening means that nothing was sent', async () => {
    await provider.close();
    const sent = await gatewayAt(provider.url).sendSms(sms());
    expect(sent).toEqual({ kind: 'unavailable', code: 'ECONNREFUSED' });
  });
});

describe('an ambiguous send', () => {
  test.each<[TwilioFault, number, unknown, string]>([
    ['timeout_after', 2_000, expect.any(String), 'found'],
    ['drop_after', 20_000, 'ECONNRESET', 'found'],
    ['drop_before', 20_000, 'ECONNRESET', 'absent'],
    ['error_500', 20_000, '20500', 'absent'],
  ])('%s is settled by the list', async (fault, timeoutMs, code, kind) => {
    provider.sandbox.faults.add(fault);
    const gateway = gatewayAt(provider.url, timeoutMs);
    expect(await gateway.sendSms(sms())).toEqual({ kind: 'ambiguous', code });
    const search = { to: TO, bodyMarker: '/s/k1', sentAfterMs: Date.now() };
    expect(await gatewayAt(provider.url).findMessage(search)).toMatchObject({ kind });
  });

  test('only its own marker, number, direction and time settle it', async () => {
    const gateway = gatewayAt(provider.url);
    const sent = await gateway.sendSms(sms());
    const sentAfterMs = Date.now();
    const find = (change: object): ReturnType<TwilioGateway['findMessage']> =>
      gateway.findMessage({ to: TO, bodyMarker: '/s/k1', sentAfterMs, ...change });
    expect(await find({})).toMatchObject({ message: { id: sent.kind === 'accepted' && sent.id } });
    expect(await find({ bodyMarker: '/s/k2' })).toEqual({ kind: 'absent' });
    expect(await find({ to: '+14155550222' })).toEqual({ kind: 'absent' });
    expect(await find({ sentAfterMs: sentAfterMs + 3_600_000 })).toEqual({ kind: 'absent' });
  });

  test('a failed text is found with its state and code', async () => {
    const gateway = gatewayAt(provider.url);
    await gateway.sendSms(sms('+15005550112'));
    const search = { to: '+15005550112', bodyMarker: '/s/k1', sentAfterMs: Date.now() };
    let found = await gateway.findMessage(search);
    while (found.kind !== 'found' || found.message.state === 'pending') {
      found = await gateway.findMessage(search);
    }
    expect(found.message).toMatchObject({ state: 'failed', code: '30008' });
  });

  test('a list that can not be had says so', async () => {
    await provider.close();
    const search = { to: TO, bodyMarker: 'k', sentAfterMs: 0 };
    expect(await gatewayAt(provider.url).findMessage(search)).toMatchObject({
      kind: 'unavailable',
    });
  });

  test('a trickling answer does not outlast the deadline', async () => {
    const { promise: released, resolve: letGo } = Promise.withResolvers<void>();
    const trickle = createServer((_req, res) => {
      res.writeHead(201, { 'Content-Type': 'application/json' });
      const drip = setInterval(() => res.write(' '), 20);
      res.on('close', () => {
        clearInterval(drip);
        letGo();
      });
    });
    await new Promise<void>((resolve) => {
      trickle.listen(0, '127.0.0.1', resolve);
    });
    const { port } = trickle.address() as AddressInfo;
    const gateway = gatewayAt(`http://127.0.0.1:${String(port)}`, 200);
    expect(await gateway.sendSms(sms())).toEqual({ kind: 'ambiguous', code: 'ERR_CANCELED' });
    await released;
    trickle.close();
  });
});

describe('call', () => {
  const request = {
    to: TO,
    url: 'http://127.0.0.1:1/voice',
    statusCallback: 'http://127.0.0.1:1/progress',
    ringTimeoutSeconds: 20,
  };

  test('asks for machine detection and every progress event', async () => {
    const called = await gatewayAt(provider.url).call(request);
    expect(called.kind).toBe('accepted');
    expect(provider.sandbox.calls()[0]).toMatchObject({
      machineDetection: true,
      ringTimeoutSeconds: 20,
      statusCallbackEvents: ['initiated', 'ringing', 'answered', 'completed'],
    });
  });

  test('to an invalid number is refused', async () => {
    const called = await gatewayAt(provider.url).call({ ...request, to: '+15005550001' });
    expect(called).toEqual({ kind: 'refused', reason: 'bad_number', code: '21211' });
  });
});

describe('verifySignature', () => {
  const params = { MessageSid: 'SM1', MessageStatus: 'delivered' };
  const path = '/webhooks/twilio/status?send=a%2Bb';
  const signed = (token: string, url = `https://clinic.example/base${path}`): string =>
    signRequest(token, url, params);

  test('takes what the account signed for this very URL and form, and nothing else', () => {
    const { verifySignature } = gatewayAt(provider.url);
    const signature = signed(AUTH_TOKEN);
    expect(verifySignature({ path, params, signature })).toBe(true);
    expect(verifySignature({ path: `${path}x`, params, signature })).toBe(false);
    expect(verifySignature({ path, params: { ...params, Extra: '' }, signature })).toBe(false);
    expect(verifySignature({ path, params, signature: signed('e'.repeat(32)) })).toBe(false);
    expect(verifySignature({ path, params, signature: undefined })).toBe(false);
    const elsewhere = signed(AUTH_TOKEN, `https://evil.example${path}`);
    expect(verifySignature({ path, params, signature: elsewhere })).toBe(false);
  });
});
