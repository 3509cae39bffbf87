import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import twilio from 'twilio';
import { receiveWebhooks, requestJson, type WebhookReceiver } from './support/http.ts';
import { AUTH_TOKEN, NUMBER, type RunningTwilio, startTwilio } from './support/twilio.ts';

const TO = '+14155550111';
const EVENTS = ['initiated', 'ringing', 'answered', 'completed'];

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

async function ring(to: string, extra: object = {}): Promise<string> {
  const call = await provider.client.calls.create({
    to,
    from: NUMBER,
    url: `${product.url}/voice`,
    statusCallback: `${product.url}/progress`,
    statusCallbackEvent: EVENTS,
    machineDetection: 'Enable',
    timeout: 2,
    ...extra,
  });
  expect(call.sid).toMatch(/^CA[0-9a-f]{32}$/);
  return call.sid;
}

function progress(): (string | undefined)[] {
  return product.received
    .filter(({ url }) => url === '/progress')
    .map(({ params }) => params['CallStatus']);
}

const ended = (status: string): Promise<unknown> =>
  product.waitFor(({ url, params }) => url === '/progress' && params['CallStatus'] === status);

async function pressWhenAsked(to: string, digits: string): Promise<void> {
  const pressed = async (): Promise<unknown> =>
    requestJson(`${provider.url}/control/twilio/keypad`, 'POST', { to, digits });
  while (!(JSON.stringify(await pressed()) ?? '').includes('"submitted"'));
}

test('a person hears the text, presses a key, and the call goes on where the key leads', async () => {
  product.answer(
    '/voice',
    '<Response><Gather numDigits="1" action="/pressed?page=7" timeout="60000"><Say>Press 1</Say></Gather><Say>Nobody</Say></Response>',
  );
  product.answer('/pressed', '<Response><Say>Thank you</Say><Hangup/><Say>Never</Say></Response>');
  const sid = await ring(TO);
  await pressWhenAsked(TO, '1');
  await ended('completed');

  expect(progress()).toEqual(['initiated', 'ringing', 'in-progress', 'completed']);
  const action = product.received.find(({ url }) => url === '/pressed?page=7');
  expect(action?.params).toMatchObject({ Digits: '1', CallSid: sid, AnsweredBy: 'human' });
  for (const { url, signature, params } of product.received) {
    const full = `${product.url}${url}`;
    expect(twilio.validateRequest(AUTH_TOKEN, signature ?? '', full, params)).toBe(true);
  }
  const sequence = product.received.flatMap(({ params }) => params['SequenceNumber'] ?? []);
  expect(sequence).toEqual(['0', '1', '2', '3']);
  expect(provider.sandbox.calls()[0]?.transcript).toEqual([
    'said: Press 1',
    'pressed: 1',
    'said: Thank you',
  ]);
  const call = await provider.client.calls(sid).fetch();
  expect(call).toMatchObject({ status: 'completed', answeredBy: 'human' });
  expect(call.endTime).toBeInstanceOf(Date);
});

test.each([
  ['+15005550120', 'no-answer', ['initiated', 'ringing', 'no-answer']],
  ['+15005550121', 'busy', ['initiated', 'ringing', 'busy']],
  ['+15005550122', 'failed', ['initiated', 'failed']],
])('%s ends %s', async (to, status, expected) => {
  const sid = await ring(to);
  await ended(status);
  expect(progress()).toEqual(expected);
  expect(await provider.client.calls(sid).fetch()).toMatchObject({ status, startTime: null });
  expect(product.received.filter(({ url }) => url === '/voice')).toEqual([]);
});

test('an answering machine is named before anything is said', async () => {
  product.answer('/voice', '<Response><Hangup/></Response>');
  await ring('+15005550123');
  await ended('completed');
  const asked = product.received.find(({ url }) => url === '/voice');
  expect(asked?.params['AnsweredBy']).toBe('machine_start');
});

test('silence falls through to what follows the question', async () => {
  product.answer(
    '/voice',
    '<Response><Gather numDigits="1" timeout="1"/><Redirect>/again</Redirect></Response>',
  );
  product.answer('/again', '<Response><![CDATA[]]><!-- nothing --></Response>');
  await ring(TO);
  await ended('completed');
  expect(product.received.map(({ url }) => url)).toContain('/again');
  expect(product.received.flatMap(({ params }) => params['Digits'] ?? [])).toEqual([]);
});

describe('from outside', () => {
  test('a call that waits can be led elsewhere and hung up', async () => {
    product.answer('/voice', '<Response><Gather timeout="60000"/></Response>');
    const sid = await ring(TO);
    await product.waitFor(({ url }) => url === '/voice');
    const twiml = '<Response><Say>Moved</Say><Pause length="60000"/></Response>';
    await provider.client.calls(sid).update({ twiml });
    const moved = (): boolean =>
      provider.sandbox.calls()[0]?.transcript.includes('said: Moved') === true;
    while (!moved()) await provider.client.calls(sid).fetch();
    await provider.client.calls(sid).update({ status: 'completed' });
    await ended('completed');
    expect(progress().filter((status) => status === 'completed')).toHaveLength(1);
    await expect(provider.client.calls(sid).update({ twiml })).rejects.toMatchObject({
      code: 21220,
    });
  });

  test('only the end is reported when nothing else was asked for', async () => {
    await ring(TO, { statusCallbackEvent: undefined });
    await ended('completed');
    expect(progress()).toEqual(['completed']);
  });

  test.each([
    [{ to: 'nobody' }, 21211],
    [{ url: '' }, 21205],
    [{ from: '+14155559999' }, 21210],
  ])('%j is refused with %d', async (wrong, code) => {
    const params = { to: TO, from: NUMBER, url: `${product.url}/voice`, ...wrong };
    await expect(provider.client.calls.create(params)).rejects.toMatchObject({ code });
    expect(provider.sandbox.calls()).toEqual([]);
  });
});
