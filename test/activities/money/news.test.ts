import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CardEvent } from '../../../activities/gateways/card-gateway.ts';
import { moneyDepsOf } from '../../../activities/money/index.ts';
import { takeCardEvent } from '../../../activities/money/news.ts';
import { paidSession, startMoney } from './bench.ts';
import type { MoneyBench } from './bench.ts';

let bench: MoneyBench;
let asked: string[];

beforeAll(async () => {
  bench = await startMoney();
});
afterAll(() => bench.close());

/** What an event of the type does, and how often the provider was asked about its intent. */
async function take(paymentId: string, type: string): ReturnType<typeof takeCardEvent> {
  asked = [];
  const retrieveIntent: typeof bench.cards.retrieveIntent = async (ref) => {
    asked.push(ref);
    return bench.cards.retrieveIntent(ref);
  };
  const { provider_ref: intentRef } = await bench.row(paymentId);
  const event: CardEvent = {
    id: 'evt_1',
    type,
    intentRef,
    setupRef: null,
    metadata: { payment_id: paymentId },
    dispute: null,
  };
  const deps = moneyDepsOf({ knex: bench.knex, cards: { ...bench.cards, retrieveIntent } });
  return takeCardEvent(deps, event);
}

const stands = (id: string, payment: string) =>
  bench.knex('sessions').where({ id }).update({ payment });

test('an echo of what is on record asks nobody and tells nobody', async () => {
  const { sessionId, paymentId } = await paidSession(bench);
  await stands(sessionId, 'captured');
  for (const type of ['amount_capturable_updated', 'succeeded']) {
    expect(await take(paymentId, `payment_intent.${type}`)).toEqual({ kind: 'none' });
    expect(asked).toEqual([]);
  }
});

test('an echo that the session itself has not heard is told to it', async () => {
  const { sessionId, paymentId } = await paidSession(bench);
  await stands(sessionId, 'authorised');
  expect(await take(paymentId, 'payment_intent.succeeded')).toMatchObject({
    kind: 'payment',
    paymentId,
    sessionId,
  });
  expect(asked).toEqual([]);
});

test('what the record lacks is asked for, and so is every other type of event', async () => {
  const session = await bench.session();
  const paymentId = await bench.payment(session, { cardToken: 'pm_card_visa' });
  await bench.money.authorisePayment({ paymentId });
  await bench.cards.captureIntent((await bench.row(paymentId)).provider_ref!, 12_000, 'outside');
  await take(paymentId, 'payment_intent.succeeded');
  expect(asked).toHaveLength(1);
  expect((await bench.row(paymentId)).state).toBe('captured');
  await take(paymentId, 'payment_intent.canceled');
  expect(asked).toHaveLength(1);
});

test('money of two attempts is looked into, whatever the event', async () => {
  const session = await bench.session();
  const elsewhere = { ...(await bench.session()), clientId: session.clientId };
  const paymentId = await bench.payment(session, { cardToken: 'pm_card_visa' });
  const other = await bench.payment(elsewhere, { cardToken: 'pm_card_visa' });
  for (const id of [paymentId, other]) await bench.money.authorisePayment({ paymentId: id });
  const moved = { session_id: session.sessionId, attempt: 2 };
  await bench.knex('payments').where({ id: other }).update(moved);
  await take(paymentId, 'payment_intent.amount_capturable_updated');
  expect(asked.length).toBeGreaterThan(0);
  const states = await bench
    .knex('payments')
    .where({ session_id: session.sessionId })
    .pluck('state');
  expect(states.toSorted()).toEqual(['authorised', 'voided']);
});
