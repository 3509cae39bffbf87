import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { v7 as newId } from 'uuid';
import { createCardGateway } from '../../../activities/gateways/stripe.ts';
import { createMoneyActivities } from '../../../activities/money/index.ts';
import { workflowId } from '../../../domain/ids.ts';
import { provideWorkflowBundle } from '../../../workers/bundle.ts';
import { CORE_TASK_QUEUE } from '../../../workflows/messages/task-queues.ts';
import { SECRET_KEY, WEBHOOK_SECRET, startBench } from '../../sandbox/stripe-support.ts';
import type { Bench } from '../../sandbox/stripe-support.ts';
import type { TestReply } from '../../support/api.ts';
import { timeSkippingEnvironment } from '../../support/temporal.ts';
import { startClinic } from './clinic.ts';
import type { TestClinic } from './clinic.ts';

const PATH = '/api/v1/credits/purchase';
const START_CENTS = 50_000;
let environment: TestWorkflowEnvironment;
let provider: Bench;
let clinic: TestClinic;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  [environment, provider] = await Promise.all([timeSkippingEnvironment(), startBench()]);
  const cards = createCardGateway({
    secretKey: SECRET_KEY,
    webhookSecret: WEBHOOK_SECRET,
    apiUrl: provider.baseUrl,
  });
  clinic = await startClinic({ temporal: environment.client, deps: { cards } });
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: CORE_TASK_QUEUE,
    workflowBundle: await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles')),
    activities: { ...createMoneyActivities({ knex: clinic.api.knex, cards }) },
  });
  running = worker.run();
}, 120_000);

afterAll(async () => {
  worker.shutdown();
  await running;
  await clinic.api.close();
  await provider.close();
  await environment.teardown();
});

beforeEach(() => provider.control('/faults/clear'));

function buy(body: unknown, key = newId()): Promise<TestReply> {
  return clinic.as('ada', 'POST', PATH, body, { 'idempotency-key': key });
}

async function balance(): Promise<number> {
  const reply = await clinic.as<{ balanceCents: number }>('ada', 'GET', '/api/v1/credits');
  return reply.body.balanceCents;
}

test('the same purchase twenty times at once charges and credits once', async () => {
  const key = newId();
  const body = { amountCents: 2_500, cardToken: 'pm_card_visa' };
  const replies = await Promise.all(Array.from({ length: 20 }, () => buy(body, key)));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
  expect(replies[0]!.body).toMatchObject({
    amountCents: 2_500,
    currency: 'USD',
    state: 'paid',
    balanceCents: START_CENTS + 2_500,
  });
  expect(await balance()).toBe(START_CENTS + 2_500);
  const { totals } = await provider.state();
  expect(totals.captured).toBe(2_500);
});

test('a retry after the answer was lost finds the purchase as it ended', async () => {
  const key = newId();
  const body = { amountCents: 700, cardToken: 'pm_card_visa' };
  const before = await balance();
  const first = await buy(body, key);
  // As if the process had died after the commit, before the answer was stored.
  await clinic.api
    .knex('idempotency_keys')
    .where({ key })
    .update({ status: null, response: null, locked_until: null });
  const handle = environment.client.workflow.getHandle(
    workflowId('credit-purchase', String(first.body['id'])),
  );
  await handle.result();
  const second = await buy(body, key);
  expect(second.body).toEqual(first.body);
  expect(await balance()).toBe(before + 700);
});

test('a refused card is 402 with its code, and nothing is credited', async () => {
  const before = await balance();
  const reply = await buy({ amountCents: 900, cardToken: 'pm_card_visa_chargeDeclined' });
  expect(reply.body).toMatchObject({
    status: 402,
    code: 'payment_failed',
    paymentError: 'generic_decline',
  });
  expect(await balance()).toBe(before);
});

test('a card that needs its holder is 402 with what the browser needs', async () => {
  const before = await balance();
  const reply = await buy({ amountCents: 900, cardToken: 'pm_card_threeDSecure2Required' });
  expect(reply.body).toMatchObject({
    status: 402,
    code: 'payment_action_required',
    clientSecret: expect.stringMatching(/_secret_/),
  });
  expect(await balance()).toBe(before);
});

test.each([
  [{}, 'amountCents'],
  [{ amountCents: 0, cardToken: 'pm_card_visa' }, 'amountCents'],
  [{ amountCents: 12.5, cardToken: 'pm_card_visa' }, 'amountCents'],
  [{ amountCents: 1e9, cardToken: 'pm_card_visa' }, 'amountCents'],
  [{ amountCents: 500 }, 'cardToken'],
  [{ amountCents: 500, cardToken: '4242 4242 4242 4242' }, 'cardToken'],
])('%j is refused by name, and nothing is begun', async (body, field) => {
  const reply = await buy(body);
  expect(reply.body).toMatchObject({
    status: 400,
    errors: expect.arrayContaining([expect.objectContaining({ field })]),
  });
  const kept = await clinic.api.knex('credit_purchases').where({ amount_cents: 500 });
  expect(kept).toEqual([]);
});

test('only patients buy credits', async () => {
  const body = { amountCents: 500, cardToken: 'pm_card_visa' };
  expect((await clinic.as('sarah', 'POST', PATH, body)).status).toBe(403);
});
