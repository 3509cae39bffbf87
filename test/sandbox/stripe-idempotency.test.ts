import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, appendFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Stripe } from 'stripe';
import { authorisation, portOf, refusal, sdk, SECRET_KEY, startBench } from './stripe-support.ts';
import type { Bench } from './stripe-support.ts';

let bench: Bench;
let stripe: Stripe;
let keys = 0;
const newKey = (): string => `key-${(keys += 1)}`;

beforeAll(async () => {
  bench = await startBench();
  stripe = bench.stripe;
});
beforeEach(() => bench.control('/reset'));
afterAll(() => bench.close());

function pay(
  idempotencyKey: string,
  changes: Partial<Stripe.PaymentIntentCreateParams> = {},
  client = stripe,
): Promise<Stripe.Response<Stripe.PaymentIntent>> {
  return client.paymentIntents.create(authorisation(changes), { idempotencyKey });
}

describe('one key', () => {
  test('gives the first answer again, and says so', async () => {
    const key = newKey();
    const first = await pay(key);
    const again = await pay(key);
    expect(again).toEqual(first);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(again.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
    await stripe.paymentIntents.cancel(first.id);
    expect((await pay(key)).status).toBe('requires_capture');
    expect((await bench.state()).charges).toHaveLength(1);
  });

  test('is refused with other parameters, another path, and kept through a decline', async () => {
    const key = newKey();
    const intent = await pay(key);
    const other = await refusal(pay(key, { amount: 500 }));
    expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    expect(other).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' });
    const elsewhere = await refusal(
      stripe.paymentIntents.capture(intent.id, {}, { idempotencyKey: key }),
    );
    expect(elsewhere).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);

    const declined = newKey();
    const payment_method = 'pm_card_chargeDeclined';
    const first = await refusal(pay(declined, { payment_method }));
    const second = await refusal(pay(declined, { payment_method }));
    expect(second.payment_intent?.id).toBe(first.payment_intent?.id);
    expect((await bench.state()).payment_intents).toHaveLength(2);
  });

  test('is free again after a request that failed validation', async () => {
    const key = newKey();
    await refusal(pay(key, { amount: 1 }));
    expect((await pay(key)).status).toBe('requires_capture');
  });

  test('used twenty times at once makes one intent', async () => {
    const key = newKey();
    const intents = await Promise.all(Array.from({ length: 20 }, () => pay(key)));
    expect(new Set(intents.map((intent) => intent.id)).size).toBe(1);
    expect((await bench.state()).charges).toHaveLength(1);
  });

  test('is answered 409 while its request is under way, and once among twenty that race', async () => {
    await bench.control('/settings', { latencyMs: 60 });
    const key = newKey();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => pay(key)));
    await bench.control('/settings', { latencyMs: 0 });
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    }
    expect((await bench.state()).charges).toHaveLength(1);
    expect((await pay(key)).id).toBe((await bench.state()).payment_intents[0]?.id);
  });

  test('is forgotten after 24 hours or when told to, and then pays again', async () => {
    const key = newKey();
    const first = await pay(key);
    await bench.control('/clock', { advanceMs: 23 * 3_600_000 });
    expect((await pay(key)).id).toBe(first.id);
    await bench.control('/clock', { advanceMs: 2 * 3_600_000 });
    const second = await pay(key);
    expect(second.id).not.toBe(first.id);
    expect(await bench.control('/idempotency_keys/forget')).toEqual({ forgotten: 1 });
    expect((await pay(key)).id).not.toBe(second.id);
  });
});

describe('bad days', () => {
  const strike = (kind: string, more: object = {}): Promise<unknown> =>
    bench.control('/faults', { method: 'POST', path: '/v1/payment_intents', kind, ...more });

  test('a 500 that is stored: charged, told otherwise, found by searching', async () => {
    await strike('error_500_stored');
    const key = newKey();
    const metadata = { attempt: key };
    const error = await refusal(pay(key, { metadata }));
    expect(error).toMatchObject({ statusCode: 500, rawType: 'api_error' });
    expect(error.headers?.['stripe-should-retry']).toBe('false');
    const replay = await refusal(pay(key, { metadata }));
    expect(replay).toMatchObject({ statusCode: 500, message: error.message });
    expect(replay.headers?.['idempotent-replayed']).toBe('true');
    const found = await stripe.paymentIntents.search({ query: `metadata['attempt']:'${key}'` });
    expect(found.data.map((intent) => intent.status)).toEqual(['requires_capture']);
  });

  test('a 500 before the start changes nothing, and the retry works', async () => {
    await strike('error_500');
    const key = newKey();
    expect((await refusal(pay(key))).statusCode).toBe(500);
    expect((await bench.state()).payment_intents).toEqual([]);
    expect((await pay(key)).status).toBe('requires_capture');
  });

  test('no answer after the charge: the retry with the key finds it', async () => {
    await strike('timeout_after');
    const key = newKey();
    const error = await refusal(
      stripe.paymentIntents.create(authorisation(), { idempotencyKey: key, timeout: 2_000 }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    const [charged] = (await bench.state()).payment_intents;
    expect(charged?.status).toBe('requires_capture');
    expect((await pay(key)).id).toBe(charged?.id);
    expect((await bench.state()).charges).toHaveLength(1);
  });

  test('a connection closed after the charge, or before it: one charge either way', async () => {
    const patient = sdk(portOf(bench), { retries: 2 });
    await strike('drop_after');
    const after = await pay(newKey(), {}, patient);
    await strike('drop_before');
    const before = await pay(newKey(), {}, patient);
    const { payment_intents } = await bench.state();
    expect(payment_intents.map((intent) => intent.id)).toEqual([after.id, before.id]);
  });

  test('too many requests: 429, nothing done, as often as asked', async () => {
    await strike('rate_limit', { times: 2 });
    const key = newKey();
    for (let round = 0; round < 2; round += 1) {
      const error = await refusal(pay(key));
      expect(error).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    }
    expect((await bench.state()).payment_intents).toEqual([]);
    expect((await pay(key)).status).toBe('requires_capture');
  });

  test('a fault strikes only what it names', async () => {
    const held = await pay(newKey());
    await bench.control('/faults', {
      method: 'POST',
      path: '/v1/payment_intents/*/capture',
      kind: 'error_500_stored',
    });
    expect((await stripe.paymentIntents.retrieve(held.id)).status).toBe('requires_capture');
    await refusal(stripe.paymentIntents.capture(held.id));
    expect((await stripe.paymentIntents.retrieve(held.id)).status).toBe('succeeded');
    const response = await fetch(`${bench.baseUrl}/control/stripe/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"path":"/v1/charges","kind":"earthquake"}',
    });
    expect(response.status).toBe(400);
  });
});

const CHILD = `
  import { createServer } from 'node:http';
  import express from '${import.meta.resolve('express')}';
  import { createStripeSandbox } from '${new URL('../../sandbox/stripe/index.ts', import.meta.url).href}';
  const [dataFile] = process.argv.slice(1);
  const options = { secretKey: '${SECRET_KEY}', webhookUrl: '', webhookSecret: 'whsec_x', dataFile };
  const server = createServer(express().use('/v1', createStripeSandbox(options).router));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

describe('a restart', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stripe-standin-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('keeps objects, keys and what is due; a torn last line is dropped', async () => {
    const dataFile = join(folder, 'stripe.log');
    const first = await startBench({ dataFile });
    const create = (client: Stripe, idempotencyKey: string): Promise<Stripe.PaymentIntent> =>
      client.paymentIntents.create(authorisation({ payment_method: 'pm_card_delayed' }), {
        idempotencyKey,
      });
    const intent = await create(first.stripe, 'kept');
    const written = await readFile(dataFile, 'utf8');
    await first.close();
    expect(written).toContain(intent.id);

    await appendFile(dataFile, '[["payment_intents","pi_torn",{"id":"pi_torn","obj');
    const second = await startBench({ dataFile });
    expect(await second.stripe.paymentIntents.retrieve(intent.id)).toEqual(intent);
    expect((await create(second.stripe, 'kept')).id).toBe(intent.id);
    await second.control('/clock', { advanceMs: 3_600_000 });
    expect((await second.stripe.paymentIntents.retrieve(intent.id)).status).toBe(
      'requires_capture',
    );
    await second.close();

    const third = await startBench({ dataFile });
    const { payment_intents, charges } = await third.state();
    expect(payment_intents.map(({ id, status }) => [id, status])).toEqual([
      [intent.id, 'requires_capture'],
    ]);
    expect(charges).toHaveLength(1);
    await third.close();
  });

  test('by SIGKILL right after the answer loses neither the charge nor its key', async () => {
    const dataFile = join(folder, 'killed.log');
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, dataFile]);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const create = (client: Stripe): Promise<Stripe.PaymentIntent> =>
      client.paymentIntents.create(authorisation(), { idempotencyKey: 'killed' });
    const intent = await create(sdk(Number(line.toString())));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await startBench({ dataFile });
    expect((await create(next.stripe)).id).toBe(intent.id);
    expect((await next.state()).charges).toHaveLength(1);
    await next.close();
  });
});
