import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Stripe } from 'stripe';
import { API_VERSION } from '../../sandbox/stripe/event-log.ts';
import { authorisation, startBench, startEndpoint, WEBHOOK_SECRET } from './stripe-support.ts';
import type { Bench, Endpoint } from './stripe-support.ts';

let endpoint: Endpoint;
let bench: Bench;
let stripe: Stripe;

beforeEach(async () => {
  endpoint = await startEndpoint();
  bench = await startBench({ webhookUrl: endpoint.url });
  stripe = bench.stripe;
  await bench.control('/settings', { webhookRetryBaseMs: 5, webhookRetryCapMs: 20 });
});
afterEach(async () => {
  await bench.close();
  await endpoint.close();
});

function typesReceived(): string[] {
  return endpoint.received.map(({ event }) => event.type);
}

/** Everything undelivered, in the order of its creation. */
async function delivered(): Promise<string[]> {
  await bench.control('/webhooks/flush', { order: 'created' });
  return typesReceived();
}

test('the stand-in speaks the version that the SDK was made for', () => {
  expect(API_VERSION).toBe(Stripe.API_VERSION);
});

describe('with webhooks held', () => {
  beforeEach(() => bench.control('/webhooks/pause'));

  test('a life of a payment tells its story, each step with the object as it was then', async () => {
    const held = await stripe.paymentIntents.create(authorisation(), { idempotencyKey: 'life' });
    await stripe.paymentIntents.capture(held.id);
    await stripe.refunds.create({ payment_intent: held.id, amount: 2_000 });
    expect(await delivered()).toEqual([
      'payment_intent.created',
      'payment_intent.amount_capturable_updated',
      'payment_intent.succeeded',
      'refund.created',
      'charge.refunded',
    ]);
    const [created, authorised, captured, , refunded] = endpoint.received;
    expect(created?.event).toMatchObject({
      object: 'event',
      api_version: Stripe.API_VERSION,
      livemode: false,
      pending_webhooks: 1,
      request: { idempotency_key: 'life' },
      data: { object: { id: held.id, status: 'requires_confirmation' } },
    });
    expect(authorised?.event.data.object).toMatchObject({ status: 'requires_capture' });
    expect(captured?.event.data.object).toMatchObject({ amount_received: 12_000 });
    expect(refunded?.event.data).toMatchObject({
      object: { amount_refunded: 2_000 },
      previous_attributes: { amount_refunded: 0 },
    });
    const stored = await stripe.events.retrieve(String(created?.event.id));
    expect(stored.pending_webhooks).toBe(0);
    const listed = await stripe.events.list({ type: 'payment_intent.*' });
    expect(listed.data.map((event) => event.type)).toContain('payment_intent.succeeded');
  });

  test.each([
    ['pm_card_chargeDeclined', ['payment_intent.created', 'payment_intent.payment_failed']],
    [
      'pm_card_authenticationRequired',
      ['payment_intent.created', 'payment_intent.requires_action'],
    ],
    ['pm_card_delayed', ['payment_intent.created', 'payment_intent.processing']],
  ])('%s: %j', async (payment_method, types) => {
    await stripe.paymentIntents.create(authorisation({ payment_method })).catch(() => undefined);
    expect(await delivered()).toEqual(types);
  });

  test('cancelling, failing refunds and disputes are told too', async () => {
    const held = await stripe.paymentIntents.create(authorisation());
    await stripe.paymentIntents.cancel(held.id);
    expect(await delivered()).toContain('payment_intent.canceled');
    expect(typesReceived()).not.toContain('charge.refunded');
    const pay = (payment_method: string): Promise<Stripe.PaymentIntent> =>
      stripe.paymentIntents.create(authorisation({ payment_method, capture_method: 'automatic' }));
    const failing = await pay('pm_card_refundFail');
    await stripe.refunds.create({ payment_intent: failing.id });
    await bench.control('/clock', { advanceMs: 60_000 });
    await pay('pm_card_createDispute');
    expect(await delivered()).toEqual(
      expect.arrayContaining(['refund.updated', 'refund.failed', 'charge.dispute.created']),
    );
    const failed = endpoint.received.find(({ event }) => event.type === 'refund.updated');
    expect(failed?.event.data.previous_attributes).toMatchObject({ status: 'succeeded' });
  });

  test('a flush can reverse and repeat, and leaves nothing to deliver', async () => {
    const held = await stripe.paymentIntents.create(authorisation());
    await stripe.paymentIntents.capture(held.id);
    await bench.control('/webhooks/flush', { order: 'reverse', duplicate: 2 });
    const story = [
      'payment_intent.succeeded',
      'payment_intent.amount_capturable_updated',
      'payment_intent.created',
    ];
    expect(typesReceived()).toEqual(story.flatMap((type) => [type, type, type]));
    expect(new Set(endpoint.received.map(({ event }) => event.id)).size).toBe(3);
    await bench.control('/webhooks/resume');
    const { deliveries } = await bench.state();
    expect(deliveries.map((delivery) => delivery.state)).toEqual(Array(3).fill('delivered'));
    expect(endpoint.received).toHaveLength(9);
  });

  test('one event can arrive a hundred times at once', async () => {
    await stripe.paymentIntents.create(authorisation());
    await delivered();
    const event = endpoint.received[0]?.event.id;
    const { sent } = await bench.control<{ sent: { status: number }[] }>('/webhooks/resend', {
      event,
      times: 100,
    });
    expect(sent).toHaveLength(100);
    expect(endpoint.received.filter((each) => each.event.id === event)).toHaveLength(101);
  });

  test('a signature covers the very bytes and the time', async () => {
    await stripe.paymentIntents.create(authorisation());
    await delivered();
    const { body, signature } = endpoint.received[0]!;
    const verify = (text: string, at?: number): Stripe.Event =>
      stripe.webhooks.constructEvent(text, signature, WEBHOOK_SECRET, 300, undefined, at);
    expect(verify(body).object).toBe('event');
    expect(() => verify(JSON.stringify(JSON.parse(body)))).toThrow(/signature/i);
    expect(() => verify(body, Date.now() + 302_000)).toThrow(/tolerance/i);
    expect(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other')).toThrow();
  });

  test('a request that was refused tells nothing', async () => {
    await stripe.paymentIntents
      .create(authorisation({ confirm: true, expand: ['nonsense'] }))
      .catch(() => undefined);
    expect(await delivered()).toEqual([]);
  });
});

test('a refused delivery comes again until it is taken', async () => {
  endpoint.answers.push(500, 404, 302);
  await stripe.setupIntents.create({
    confirm: true,
    payment_method: 'pm_card_visa',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  await endpoint.waitFor(4);
  expect(new Set(endpoint.received.map(({ event }) => event.id)).size).toBe(1);
  expect(typesReceived()[0]).toBe('setup_intent.succeeded');
});

test('what the last process could not deliver, the next one does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stripe-standin-'));
  const dataFile = join(folder, 'stripe.log');
  const first = await startBench({ webhookUrl: endpoint.url, dataFile });
  await first.control('/webhooks/pause');
  const intent = await first.stripe.paymentIntents.create(authorisation());
  await first.close();
  expect(endpoint.received).toEqual([]);
  const second = await startBench({ webhookUrl: endpoint.url, dataFile });
  await second.control('/webhooks/resume');
  await endpoint.waitFor(2);
  expect(endpoint.received.map(({ event }) => event.data.object)).toEqual([
    expect.objectContaining({ id: intent.id }),
    expect.objectContaining({ id: intent.id }),
  ]);
  await second.close();
  await rm(folder, { recursive: true });
});
