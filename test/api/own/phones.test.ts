import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import twilio from 'twilio';
import type { Sms, TwilioGateway, VoiceCall } from '../../../activities/gateways/twilio.ts';
import { createTwilioGateway } from '../../../activities/gateways/twilio.ts';
import { type TestClinic, startClinic } from './clinic.ts';

const AUTH_TOKEN = 'f'.repeat(32);
const PUBLIC_URL = 'https://clinic.example';
const PHONE = '+15005551234';

let clinic: TestClinic;
let texts: Sms[];
let calls: VoiceCall[];
let delivery: Awaited<ReturnType<TwilioGateway['sendSms']>>;

beforeAll(async () => {
  const gateway = createTwilioGateway({
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: AUTH_TOKEN,
    from: '+15005550006',
    publicUrl: PUBLIC_URL,
  });
  const sms: TwilioGateway = {
    ...gateway,
    sendSms: async (text) => {
      texts.push(text);
      return delivery;
    },
    call: async (call) => {
      calls.push(call);
      return delivery;
    },
  };
  clinic = await startClinic({ deps: { sms }, http: { publicUrl: PUBLIC_URL } });
}, 120_000);
afterAll(() => clinic.api.close());
beforeEach(async () => {
  texts = [];
  calls = [];
  delivery = { kind: 'accepted', id: 'SM1' };
  await clinic.api.knex('phone_verifications').delete();
  const unverified = { phone: null, phone_verified_at: null };
  await clinic.api.knex('people').where({ id: clinic.ids.sarah }).update(unverified);
});

interface Opened {
  readonly id: string;
  readonly code?: string;
}

const verify = (body: unknown = { phone: PHONE, channel: 'sms' }) =>
  clinic.as<Opened>('sarah', 'POST', '/api/v1/phones/verify', body);
const confirm = (id: string, code: string, who: 'sarah' | 'maya' = 'sarah') =>
  clinic.as<{ code: string; attemptsLeft?: number }>(who, 'POST', '/api/v1/phones/confirm', {
    id,
    code,
  });
const sentCode = (): string => /^\d{6}/.exec(texts.at(-1)?.body ?? '')?.[0] ?? 'none';
const wrong = (code: string): string => (code === '000000' ? '000001' : '000000');
const phoneOfSarah = () =>
  clinic.api.knex('people').where({ id: clinic.ids.sarah }).first('phone', 'phone_verified_at');

describe('a phone', () => {
  test('is verified by the code that it gets, once, and not before', async () => {
    const { status, body } = await verify();
    expect(status).toBe(202);
    expect(texts[0]?.to).toBe(PHONE);
    expect(await phoneOfSarah()).toEqual({ phone: null, phone_verified_at: null });
    const row = await clinic.api.knex('phone_verifications').where({ id: body.id }).first();
    expect(JSON.stringify(row)).not.toContain(sentCode());
    expect((await confirm(body.id, sentCode(), 'maya')).status).toBe(404);
    const both = await Promise.all([confirm(body.id, sentCode()), confirm(body.id, sentCode())]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const after = await phoneOfSarah();
    expect(after).toEqual({ phone: PHONE, phone_verified_at: expect.any(Date) });
  });

  test('is not verified by guessing, however many guess at once', async () => {
    const { body } = await verify();
    const guesses = await Promise.all(
      Array.from({ length: 9 }, () => confirm(body.id, wrong(sentCode()))),
    );
    const statuses = guesses.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array(4).fill(409), ...Array(5).fill(422)]);
    expect((await confirm(body.id, sentCode())).status).toBe(409);
  });

  test('is not verified by a code that is over or was replaced', async () => {
    const first = await verify();
    const firstCode = sentCode();
    const second = await verify();
    expect((await confirm(first.body.id, firstCode)).status).toBe(409);
    const past = { expires_at: new Date(Date.now() - 1) };
    await clinic.api.knex('phone_verifications').where({ id: second.body.id }).update(past);
    expect((await confirm(second.body.id, sentCode())).status).toBe(409);
  });

  test('gets five codes an hour', async () => {
    for (let sent = 0; sent < 5; sent += 1) expect((await verify()).status).toBe(202);
    const refused = await verify();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect(texts).toHaveLength(5);
  });

  test.each([
    [{ kind: 'refused', reason: 'bad_number', code: '21211' }, 422],
    [{ kind: 'refused', reason: 'misconfigured', code: '20003' }, 503],
    [{ kind: 'unavailable', code: 'ECONNREFUSED' }, 503],
    [{ kind: 'ambiguous', code: 'ETIMEDOUT' }, 202],
  ] as const)('that gets %j is answered %d', async (fate, status) => {
    delivery = fate;
    expect((await verify()).status).toBe(status);
  });

  test('must be given where none is on record', async () => {
    expect((await verify({ channel: 'sms' })).status).toBe(422);
  });
});

describe('a call', () => {
  const fetchSpeech = async (params: Record<string, string>, token = AUTH_TOKEN) => {
    const { pathname, search } = new URL(calls[0]!.url);
    const path = `${pathname}${search}`;
    const signature = twilio.getExpectedTwilioSignature(token, `${PUBLIC_URL}${path}`, params);
    const response = await fetch(`${clinic.api.url}${path}`, {
      method: 'POST',
      headers: { 'x-twilio-signature': signature },
      body: new URLSearchParams(params),
    });
    return { status: response.status, text: await response.text() };
  };

  test('says the code to a human alone, and only to the provider', async () => {
    const { body } = await verify({ phone: PHONE, channel: 'voice' });
    expect(calls[0]?.to).toBe(PHONE);
    // Its name and nothing else: no code stands in an address.
    expect(calls[0]?.url).toMatch(/\/webhooks\/twilio\/phone-code\?id=[0-9a-f-]{36}$/);
    expect((await fetchSpeech({ AnsweredBy: 'human' }, 'forged')).status).toBe(403);
    expect((await fetchSpeech({ AnsweredBy: 'machine_start' })).text).not.toContain('Say');
    const { text } = await fetchSpeech({ AnsweredBy: 'human' });
    const code = (/code is: ([\d, ]+)\./.exec(text)?.[1] ?? '').replaceAll(/\D/g, '');
    expect((await confirm(body.id, code)).status).toBe(200);
    expect((await fetchSpeech({ AnsweredBy: 'human' })).text).not.toContain('Say');
  });
});
