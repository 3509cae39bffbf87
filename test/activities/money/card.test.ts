import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findCustomerRef } from '../../../db/payments.ts';
import {
  HOUR_MS,
  PRICE_CENTS,
  atProvider,
  paidSession,
  persistently,
  startMoney,
} from './bench.ts';
import type { MoneyBench } from './bench.ts';

let bench: MoneyBench;

beforeAll(async () => {
  bench = await startMoney(400);
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.provider.control('/faults/clear');
  Object.assign(bench.clock, { offsetMs: 0, waitedMs: 0 });
});

describe('a card', () => {
  test('is authorised, saved for later and captured, with opaque ids only at the provider', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    const outcome = await bench.money.authorisePayment({ paymentId });
    expect(outcome).toEqual({ kind: 'authorised', captureBeforeAt: expect.any(Number) });
    const before = await atProvider(bench, paymentId);
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
    expect(await atProvider(bench, paymentId)).toMatchObject({
      authorised: 1,
      captured: PRICE_CENTS,
    });
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
    const { intents } = await atProvider(bench, paymentId);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/authenticate`, {
      outcome: 'succeed',
    });
    expect((await bench.money.syncPayment({ paymentId })).kind).toBe('authorised');
  });

  test('counts for its own session only, whoever names it', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    const { sessionId: other } = await bench.session();
    const unknown = { kind: 'unknown' };
    expect(await bench.money.syncPayment({ paymentId, sessionId: other })).toEqual(unknown);
    expect(await bench.money.syncPayment({ paymentId: other, sessionId: other })).toEqual(unknown);
    expect(await bench.money.syncPayment({ paymentId: 'x', sessionId: other })).toEqual(unknown);
    const known = await bench.money.syncPayment({ paymentId, sessionId: session.sessionId });
    expect(known.kind).toBe('authorised');
  });

  test('an abandoned first attempt can never turn into money beside the second', async () => {
    const session = await bench.session();
    const first = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId: first });
    const second = await bench.payment(session);
    expect((await bench.money.authorisePayment({ paymentId: second })).kind).toBe('authorised');
    expect((await atProvider(bench, first)).intents[0]?.status).toBe('canceled');
    expect(await bench.money.syncPayment({ paymentId: first })).toMatchObject({
      kind: 'authorised',
    });
  });

  test('a second attempt finds that the first has been paid after all', async () => {
    const session = await bench.session();
    const first = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId: first });
    const { intents } = await atProvider(bench, first);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/authenticate`, {
      outcome: 'succeed',
    });
    const second = await bench.payment(session);
    expect((await bench.money.authorisePayment({ paymentId: second })).kind).toBe('authorised');
    expect((await atProvider(bench, second)).authorised).toBe(0);
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    expect((await atProvider(bench, first)).captured).toBe(PRICE_CENTS);
  });

  test('an authorisation that the bank lets go has lapsed', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    const { intents } = await atProvider(bench, paymentId);
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
    expect((await atProvider(bench, paymentId)).intents).toHaveLength(0);
    bench.clock.offsetMs = 60 * HOUR_MS;
    expect((await bench.money.chargeSavedCard(session)).kind).toBe('authorised');
    expect((await bench.money.chargeSavedCard(session)).kind).toBe('authorised');
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
    expect(await atProvider(bench, paymentId)).toMatchObject({
      authorised: 1,
      captured: PRICE_CENTS,
    });
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
    expect((await atProvider(bench, paymentId)).intents[0]?.status).toBe('canceled');
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
    expect((await atProvider(bench, paymentId)).authorised).toBe(1);
  });

  test.each(KINDS)('one capture in spite of %s', async (kind) => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    const path = '/v1/payment_intents/*/capture';
    await bench.provider.control('/faults', { method: 'POST', path, kind, delayMs: 600 });
    const outcome = await persistently(() => bench.money.capturePayment(session));
    expect(outcome).toEqual({ kind: 'captured' });
    expect(await atProvider(bench, paymentId)).toMatchObject({
      authorised: 1,
      captured: PRICE_CENTS,
    });
  });

  test.each(KINDS)('one refund of a half in spite of %s', async (kind) => {
    const { sessionId, paymentId } = await paidSession(bench);
    const refund = { sessionId, refundCents: PRICE_CENTS / 2, reason: 'cancelled', step: 'end' };
    const path = '/v1/refunds';
    await bench.provider.control('/faults', { method: 'POST', path, kind, delayMs: 600 });
    const outcome = await persistently(() => bench.money.refundPayment(refund));
    expect(outcome).toEqual({ kind: 'refunded' });
    expect((await atProvider(bench, paymentId)).refunded).toBe(PRICE_CENTS / 2);
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
    const { intents, authorised } = await atProvider(bench, paymentId);
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
    expect(await atProvider(bench, paymentId)).toMatchObject({
      captured: PRICE_CENTS,
      refunded: 5_000,
    });
  });

  test('the same activity run by several workers at once charges once', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    const runs = Array.from({ length: 5 }, () =>
      persistently(() => bench.money.authorisePayment({ paymentId }), 30),
    );
    const outcomes = await Promise.all(runs);
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['authorised']));
    expect((await atProvider(bench, paymentId)).authorised).toBe(1);
  });
});
