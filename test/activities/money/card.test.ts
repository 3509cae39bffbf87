import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findCustomerRef } from '../../../db/payments.ts';
import { HOUR_MS, PRICE_CENTS, persistently, startMoney } from './bench.ts';
import type { MoneyBench } from './bench.ts';
import type { State } from '../../sandbox/stripe-support.ts';

let bench: MoneyBench;

beforeAll(async () => {
  bench = await startMoney(400);
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.provider.control('/faults/clear');
  Object.assign(bench.clock, { offsetMs: 0, waitedMs: 0 });
});

/** What the provider has of one payment. */
async function atProvider(paymentId: string): Promise<{
  intents: State['payment_intents'];
  authorised: number;
  captured: number;
  refunded: number;
}> {
  const state = await bench.provider.state();
  const intents = state.payment_intents.filter(
    (intent) => intent.metadata['payment_id'] === paymentId,
  );
  const ids = intents.map((intent) => intent.id);
  const charges = state.charges.filter((charge) => ids.includes(String(charge.payment_intent)));
  const good = charges.filter((charge) => charge.status === 'succeeded');
  return {
    intents,
    authorised: good.length,
    captured: good.reduce((sum, charge) => sum + charge.amount_captured, 0),
    refunded: good.reduce((sum, charge) => sum + charge.amount_refunded, 0),
  };
}

async function paid(cardToken = 'pm_card_visa'): Promise<{ sessionId: string; paymentId: string }> {
  const session = await bench.session();
  const paymentId = await bench.payment(session, { cardToken });
  expect((await bench.money.authorisePayment({ paymentId })).kind).toBe('authorised');
  expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
  return { sessionId: session.sessionId, paymentId };
}

describe('a card', () => {
  test('is authorised, saved for later and captured, with opaque ids only at the provider', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    const outcome = await bench.money.authorisePayment({ paymentId });
    expect(outcome).toEqual({ kind: 'authorised', captureBeforeAt: expect.any(Number) });
    const before = await atProvider(paymentId);
    expect(before.intents).toHaveLength(1);
    expect(before.intents[0]).toMatchObject({
      status: 'requires_capture',
      setup_future_usage: 'off_session',
      metadata: { session_id: session.sessionId, payment_id: paymentId },
      description: null,
    });
    expect(before.intents[0]?.customer).toBe(await findCustomerRef(bench.knex, session.clientId));
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    expect(await atProvider(paymentId)).toMatchObject({ authorised: 1, captured: PRICE_CENTS });
    expect(await bench.row(paymentId)).toMatchObject({
      state: 'captured',
      captured_cents: PRICE_CENTS,
      saved_card_ref: expect.stringMatching(/^pm_/),
    });
  });

  test.each([
    ['pm_card_visa_chargeDeclined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['card_token_nobody_knows', 'resource_missing'],
  ])('%s is a result, and the next attempt may succeed', async (cardToken, providerCode) => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken });
    const failed = { kind: 'failed', code: 'payment_failed', providerCode };
    expect(await bench.money.authorisePayment({ paymentId })).toEqual(failed);
    expect(await bench.money.authorisePayment({ paymentId })).toEqual(failed);
    const second = await bench.payment(session);
    expect((await bench.money.authorisePayment({ paymentId: second })).kind).toBe('authorised');
    expect((await bench.row(second)).attempt).toBe(2);
  });

  test('that wants its holder waits for them', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    expect(await bench.money.authorisePayment({ paymentId })).toEqual({ kind: 'action_required' });
    const { intents } = await atProvider(paymentId);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/authenticate`, {
      outcome: 'succeed',
    });
    expect((await bench.money.syncPayment({ paymentId })).kind).toBe('authorised');
  });

  test('an abandoned first attempt can never turn into money beside the second', async () => {
    const session = await bench.session();
    const first = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId: first });
    const second = await bench.payment(session);
    expect((await bench.money.authorisePayment({ paymentId: second })).kind).toBe('authorised');
    expect((await atProvider(first)).intents[0]?.status).toBe('canceled');
    expect(await bench.money.syncPayment({ paymentId: first })).toMatchObject({
      kind: 'authorised',
    });
  });

  test('a second attempt finds that the first has been paid after all', async () => {
    const session = await bench.session();
    const first = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId: first });
    const { intents } = await atProvider(first);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/authenticate`, {
      outcome: 'succeed',
    });
    const second = await bench.payment(session);
    expect((await bench.money.authorisePayment({ paymentId: second })).kind).toBe('authorised');
    expect((await atProvider(second)).authorised).toBe(0);
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    expect((await atProvider(first)).captured).toBe(PRICE_CENTS);
  });

  test('an authorisation that the bank lets go has lapsed', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    const { intents } = await atProvider(paymentId);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/expire`);
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'lapsed' });
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'lapsed' });
  });

  test('is saved for a session far ahead and charged near its date', async () => {
    const session = await bench.session({
      payment: { timing: 'near_session', nearSessionMs: 24 * HOUR_MS },
    });
    const paymentId = await bench.payment(session);
    expect(await bench.money.authorisePayment({ paymentId })).toEqual({ kind: 'saved' });
    expect((await atProvider(paymentId)).intents).toHaveLength(0);
    bench.clock.offsetMs = 60 * HOUR_MS;
    expect((await bench.money.chargeSavedCard(session)).kind).toBe('authorised');
    expect((await bench.money.chargeSavedCard(session)).kind).toBe('authorised');
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    expect(await atProvider(paymentId)).toMatchObject({ authorised: 1, captured: PRICE_CENTS });
  });

  test('a saved card that is refused near the date leaves nothing behind', async () => {
    const session = await bench.session({
      payment: { timing: 'near_session', nearSessionMs: 24 * HOUR_MS },
    });
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_chargeCustomerFail' });
    expect(await bench.money.authorisePayment({ paymentId })).toEqual({ kind: 'saved' });
    expect(await bench.money.chargeSavedCard(session)).toMatchObject({
      kind: 'failed',
      providerCode: 'generic_decline',
    });
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect((await atProvider(paymentId)).intents[0]?.status).toBe('canceled');
  });
});

describe('bad days at the provider', () => {
  const STEPS = ['/v1/customers', '/v1/payment_intents', '/v1/payment_intents/*/confirm'];
  const KINDS = ['timeout_after', 'drop_after', 'drop_before', 'error_500', 'error_500_stored'];
  const CASES = STEPS.flatMap((path) => KINDS.map((kind) => ({ path, kind })));

  test.each(CASES)('one authorisation in spite of $kind at $path', async ({ path, kind }) => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.provider.control('/faults', { method: 'POST', path, kind, delayMs: 600 });
    const outcome = await persistently(() => bench.money.authorisePayment({ paymentId }));
    expect(outcome.kind).toBe('authorised');
    expect((await atProvider(paymentId)).authorised).toBe(1);
  });

  test.each(KINDS)('one capture in spite of %s', async (kind) => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    const path = '/v1/payment_intents/*/capture';
    await bench.provider.control('/faults', { method: 'POST', path, kind, delayMs: 600 });
    const outcome = await persistently(() => bench.money.capturePayment(session));
    expect(outcome).toEqual({ kind: 'captured' });
    expect(await atProvider(paymentId)).toMatchObject({ authorised: 1, captured: PRICE_CENTS });
  });

  test.each(KINDS)('one refund of a half in spite of %s', async (kind) => {
    const { sessionId, paymentId } = await paid();
    const refund = { sessionId, refundCents: PRICE_CENTS / 2, reason: 'cancelled', step: 'end' };
    const path = '/v1/refunds';
    await bench.provider.control('/faults', { method: 'POST', path, kind, delayMs: 600 });
    const outcome = await persistently(() => bench.money.refundPayment(refund));
    expect(outcome).toEqual({ kind: 'refunded' });
    expect((await atProvider(paymentId)).refunded).toBe(PRICE_CENTS / 2);
    expect((await bench.row(paymentId)).refunded_cents).toBe(PRICE_CENTS / 2);
  });

  test('a day later, when the keys are forgotten, it looks before it acts', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    const faults = ['/v1/payment_intents', '/v1/payment_intents/*/confirm'];
    const silence = { method: 'POST', kind: 'timeout_after', delayMs: 600 };
    for (const path of faults) {
      await bench.provider.control('/faults', { ...silence, path });
      await expect(bench.money.authorisePayment({ paymentId })).rejects.toMatchObject({
        type: 'card_provider_unavailable',
        nonRetryable: false,
      });
      await bench.provider.control('/idempotency_keys/forget');
      bench.clock.offsetMs += 25 * HOUR_MS;
    }
    expect((await bench.money.authorisePayment({ paymentId })).kind).toBe('authorised');
    const { intents, authorised } = await atProvider(paymentId);
    expect([intents.length, authorised]).toEqual([1, 1]);
    await bench.provider.control('/faults', { ...silence, path: '/v1/payment_intents/*/capture' });
    await expect(bench.money.capturePayment(session)).rejects.toThrow();
    await bench.provider.control('/idempotency_keys/forget');
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    const refund = { ...session, refundCents: 5_000, reason: 'cancelled', step: 'end' };
    await bench.provider.control('/faults', { ...silence, path: '/v1/refunds' });
    await expect(bench.money.refundPayment(refund)).rejects.toThrow();
    await bench.provider.control('/idempotency_keys/forget');
    expect(await bench.money.refundPayment(refund)).toEqual({ kind: 'refunded' });
    expect(await atProvider(paymentId)).toMatchObject({ captured: PRICE_CENTS, refunded: 5_000 });
  });

  test('the same activity run by several workers at once charges once', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    const runs = Array.from({ length: 5 }, () =>
      persistently(() => bench.money.authorisePayment({ paymentId }), 30),
    );
    const outcomes = await Promise.all(runs);
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['authorised']));
    expect((await atProvider(paymentId)).authorised).toBe(1);
  });
});

describe('closing unpaid', () => {
  test('cancels what is open, and a payment begun but not yet sent finds itself closed', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId });
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect((await atProvider(paymentId)).intents[0]?.status).toBe('canceled');
    const late = await bench.payment(session);
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect(await bench.money.authorisePayment({ paymentId: late })).toMatchObject({
      kind: 'failed',
    });
    expect((await atProvider(late)).authorised).toBe(0);
  });

  test('money that was faster than the deadline decides', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId });
    const { intents } = await atProvider(paymentId);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/authenticate`, {
      outcome: 'succeed',
    });
    const paidOutcome = { kind: 'paid', paymentState: 'authorised' };
    expect(await bench.money.closeUnpaid(session)).toEqual(paidOutcome);
    expect((await bench.row(paymentId)).state).toBe('authorised');
  });

  test('waits for a bank that has not decided, but not for ever', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_delayed' });
    await bench.provider.control('/settings', { delayedMs: 3_600_000 });
    expect(await bench.money.authorisePayment({ paymentId })).toEqual({ kind: 'processing' });
    await expect(bench.money.closeUnpaid(session)).rejects.toMatchObject({
      type: 'bank_undecided',
    });
    bench.clock.waitedMs = HOUR_MS;
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    const { intents } = await atProvider(paymentId);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/settle`, {
      outcome: 'succeed',
    });
    await bench.knex('sessions').where({ id: session.sessionId }).update({ status: 'expired' });
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'released',
    });
    expect((await atProvider(paymentId)).intents[0]?.status).toBe('canceled');
  });

  test.each(Array.from({ length: 8 }, (_, round) => round))(
    'a success that races the closing gives the session or nothing (round %i)',
    async (round) => {
      const session = await bench.session();
      const paymentId = await bench.payment(session, {
        cardToken: 'pm_card_threeDSecure2Required',
      });
      await bench.money.authorisePayment({ paymentId });
      const { intents } = await atProvider(paymentId);
      await bench.provider.control('/settings', { latencyMs: round % 4 });
      const [closing] = await Promise.all([
        persistently(() => bench.money.closeUnpaid(session)),
        bench.provider
          .control(`/payment_intents/${intents[0]?.id}/authenticate`, { outcome: 'succeed' })
          .catch(() => undefined),
      ]);
      await bench.provider.control('/settings', { latencyMs: 0 });
      await bench.money.syncPayment({ paymentId });
      const { status } = (await atProvider(paymentId)).intents[0] ?? {};
      const expected =
        closing.kind === 'closed' ? ['canceled', 'voided'] : ['requires_capture', 'authorised'];
      expect([status, (await bench.row(paymentId)).state]).toEqual(expected);
    },
  );
});

describe('voiding and refunding', () => {
  test('what is authorised is let go, what is captured is reported', async () => {
    const session = await bench.session();
    expect(await bench.money.voidPayment(session)).toEqual({ kind: 'nothing' });
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    expect(await bench.money.voidPayment(session)).toEqual({ kind: 'voided' });
    expect(await bench.money.voidPayment(session)).toEqual({ kind: 'voided' });
    expect((await atProvider(paymentId)).intents[0]?.status).toBe('canceled');
    const { sessionId } = await paid();
    expect(await bench.money.voidPayment({ sessionId })).toEqual({
      kind: 'captured_already',
      capturedCents: PRICE_CENTS,
    });
  });

  test('more than was taken never goes back, however many ask at once', async () => {
    const { sessionId, paymentId } = await paid();
    const refunds = Array.from({ length: 6 }, (_, index) =>
      persistently(() =>
        bench.money.refundPayment({
          sessionId,
          refundCents: 5_000,
          reason: 'cancelled',
          step: `step-${index % 4}`,
        }),
      ),
    );
    await Promise.all(refunds);
    expect((await atProvider(paymentId)).refunded).toBe(PRICE_CENTS);
    expect(await bench.row(paymentId)).toMatchObject({
      state: 'refunded',
      refunded_cents: PRICE_CENTS,
    });
  });

  test('a refund that fails later becomes one task, and can be given another way', async () => {
    const { sessionId, paymentId } = await paid('pm_card_refundFail');
    await bench.provider.control('/settings', { refundSettleMs: 0 });
    const request = { sessionId, refundCents: PRICE_CENTS, reason: 'cancelled', step: 'end' };
    await bench.money.refundPayment(request);
    await bench.provider.control('/clock', { advanceMs: 60_000 });
    for (let round = 0; round < 3; round += 1) await bench.money.syncPayment({ paymentId });
    expect(await bench.row(paymentId)).toMatchObject({ state: 'captured', refunded_cents: 0 });
    const tasks = await bench.knex('tasks').where({ payment_id: paymentId });
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({ kind: 'refund_failed', state: 'open' });
    expect(await bench.money.refundPayment(request)).toEqual({ kind: 'failed' });
  });

  test('a refund made in the dashboard counts', async () => {
    const { sessionId, paymentId } = await paid();
    const { provider_ref } = await bench.row(paymentId);
    await bench.provider.stripe.refunds.create({
      payment_intent: provider_ref ?? '',
      amount: 10_000,
    });
    await bench.money.syncPayment({ paymentId });
    const request = { sessionId, refundCents: PRICE_CENTS, reason: 'cancelled', step: 'end' };
    expect(await bench.money.refundPayment(request)).toEqual({ kind: 'refunded' });
    expect((await atProvider(paymentId)).refunded).toBe(PRICE_CENTS);
  });
});

describe('reconciling', () => {
  test('money of a session that has expired goes back once', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'left_to_session',
    });
    await bench.money.capturePayment(session);
    await bench.knex('sessions').where({ id: session.sessionId }).update({ status: 'expired' });
    const runs = [1, 2, 3].map(() =>
      persistently(() => bench.money.reconcilePayment({ paymentId, isLastLook: false })),
    );
    const kinds = (await Promise.all(runs)).map(({ kind }) => kind);
    expect(kinds).toContain('refunded');
    expect(await atProvider(paymentId)).toMatchObject({ refunded: PRICE_CENTS });
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'in_order',
    });
  });

  test('the slot is taken back when it is still free', async () => {
    const session = await bench.session({ status: 'expired' });
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    bench.clock.revive = () => Promise.resolve(true);
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'taken_back',
    });
    bench.clock.revive = () => Promise.resolve(false);
    expect((await bench.row(paymentId)).state).toBe('authorised');
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'released',
    });
  });

  test('the fee of a cancelled session is kept', async () => {
    const { sessionId, paymentId } = await paid();
    await bench
      .knex('sessions')
      .where({ id: sessionId })
      .update({ status: 'cancelled', updated_at: bench.knex.fn.now() });
    const request = { sessionId, refundCents: 6_000, reason: 'cancelled', step: 'end' };
    await bench.money.refundPayment(request);
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'in_order',
    });
    expect((await atProvider(paymentId)).refunded).toBe(6_000);
  });
});
