import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CardProviderError } from '../../../activities/gateways/card-gateway.ts';
import { createMoneyActivities } from '../../../activities/money/index.ts';
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

describe('closing unpaid', () => {
  test('cancels what is open, and a payment begun but not yet sent finds itself closed', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId });
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect((await atProvider(bench, paymentId)).intents[0]?.status).toBe('canceled');
    const late = await bench.payment(session);
    expect(await bench.money.closeUnpaid(session)).toEqual({ kind: 'closed' });
    expect(await bench.money.authorisePayment({ paymentId: late })).toMatchObject({
      kind: 'failed',
    });
    expect((await atProvider(bench, late)).authorised).toBe(0);
  });

  test('money that was faster than the deadline decides', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session, { cardToken: 'pm_card_threeDSecure2Required' });
    await bench.money.authorisePayment({ paymentId });
    const { intents } = await atProvider(bench, paymentId);
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
    const { intents } = await atProvider(bench, paymentId);
    await bench.provider.control(`/payment_intents/${intents[0]?.id}/settle`, {
      outcome: 'succeed',
    });
    await bench.knex('sessions').where({ id: session.sessionId }).update({ status: 'expired' });
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'released',
    });
    expect((await atProvider(bench, paymentId)).intents[0]?.status).toBe('canceled');
  });

  test.each(Array.from({ length: 8 }, (_, round) => round))(
    'a success that races the closing gives the session or nothing (round %i)',
    async (round) => {
      const session = await bench.session();
      const paymentId = await bench.payment(session, {
        cardToken: 'pm_card_threeDSecure2Required',
      });
      await bench.money.authorisePayment({ paymentId });
      const { intents } = await atProvider(bench, paymentId);
      await bench.provider.control('/settings', { latencyMs: round % 4 });
      const [closing] = await Promise.all([
        persistently(() => bench.money.closeUnpaid(session)),
        bench.provider
          .control(`/payment_intents/${intents[0]?.id}/authenticate`, { outcome: 'succeed' })
          .catch(() => undefined),
      ]);
      await bench.provider.control('/settings', { latencyMs: 0 });
      await bench.money.syncPayment({ paymentId });
      const { status } = (await atProvider(bench, paymentId)).intents[0] ?? {};
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
    expect((await atProvider(bench, paymentId)).intents[0]?.status).toBe('canceled');
    const { sessionId } = await paidSession(bench);
    expect(await bench.money.voidPayment({ sessionId })).toEqual({
      kind: 'captured_already',
      capturedCents: PRICE_CENTS,
    });
  });

  test('what the provider refuses to capture does not stay reserved', async () => {
    const session = await bench.session();
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    const refusing = createMoneyActivities({
      knex: bench.knex,
      cards: {
        ...bench.cards,
        captureIntent: () => Promise.reject(new CardProviderError('refused', 'no', null)),
      },
    });
    expect(await refusing.capturePayment(session)).toEqual({
      kind: 'failed',
      code: 'payment_failed',
    });
    expect((await atProvider(bench, paymentId)).intents[0]?.status).toBe('canceled');
    const second = await bench.payment(session);
    expect((await bench.money.authorisePayment({ paymentId: second })).kind).toBe('authorised');
    expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
  });

  test('more than was taken never goes back, however many ask at once', async () => {
    const { sessionId, paymentId } = await paidSession(bench);
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
    expect((await atProvider(bench, paymentId)).refunded).toBe(PRICE_CENTS);
    expect(await bench.row(paymentId)).toMatchObject({
      state: 'refunded',
      refunded_cents: PRICE_CENTS,
    });
  });

  test('a refund that fails later becomes one task, and can be given another way', async () => {
    const { sessionId, paymentId } = await paidSession(bench, 'pm_card_refundFail');
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
    const { sessionId, paymentId } = await paidSession(bench);
    const { provider_ref } = await bench.row(paymentId);
    await bench.provider.stripe.refunds.create({
      payment_intent: provider_ref ?? '',
      amount: 10_000,
    });
    await bench.money.syncPayment({ paymentId });
    const request = { sessionId, refundCents: PRICE_CENTS, reason: 'cancelled', step: 'end' };
    expect(await bench.money.refundPayment(request)).toEqual({ kind: 'refunded' });
    expect((await atProvider(bench, paymentId)).refunded).toBe(PRICE_CENTS);
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
    expect(await atProvider(bench, paymentId)).toMatchObject({ refunded: PRICE_CENTS });
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'in_order',
    });
  });

  test('the slot is taken back when it is still free', async () => {
    const session = await bench.session({ status: 'expired' });
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    bench.clock.revive = () => Promise.resolve('taken_back');
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'taken_back',
    });
    bench.clock.revive = () => Promise.resolve('gone');
    expect((await bench.row(paymentId)).state).toBe('authorised');
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'released',
    });
  });

  test('a session that is still being ended is waited for, but not for ever', async () => {
    const session = await bench.session({ status: 'expired' });
    const paymentId = await bench.payment(session);
    await bench.money.authorisePayment({ paymentId });
    bench.clock.revive = () => Promise.resolve('not_yet');
    const reconcile = () => bench.money.reconcilePayment({ paymentId, isLastLook: false });
    await expect(reconcile()).rejects.toMatchObject({ type: 'session_ending' });
    expect((await bench.row(paymentId)).state).toBe('authorised');
    bench.clock.waitedMs = HOUR_MS;
    expect(await reconcile()).toEqual({ kind: 'released' });
    expect((await atProvider(bench, paymentId)).intents[0]?.status).toBe('canceled');
  });

  test('the fee of a cancelled session is kept', async () => {
    const { sessionId, paymentId } = await paidSession(bench);
    await bench
      .knex('sessions')
      .where({ id: sessionId })
      .update({ status: 'cancelled', updated_at: bench.knex.fn.now() });
    const request = { sessionId, refundCents: 6_000, reason: 'cancelled', step: 'end' };
    await bench.money.refundPayment(request);
    expect(await bench.money.reconcilePayment({ paymentId, isLastLook: false })).toEqual({
      kind: 'in_order',
    });
    expect((await atProvider(bench, paymentId)).refunded).toBe(6_000);
  });

  /** Cancelled, with what was decided of the money, by a workflow that was ended right then. */
  async function cancelledWith(sessionId: string, data: object): Promise<void> {
    const change = { status: 'cancelled', payment: 'captured', updated_at: bench.knex.fn.now() };
    await bench.knex('sessions').where({ id: sessionId }).update(change);
    const event = { session_id: sessionId, kind: 'cancelled', data: JSON.stringify(data) };
    await bench.knex('session_events').insert(event);
  }

  test.each([
    ['a part', { feeCents: 4_000, refundCents: 8_000 }, 8_000],
    ['nothing', { feeCents: 0, refundCents: 0 }, 0],
    ['all, where nothing else was said', {}, PRICE_CENTS],
  ])('the end of a session gave back %s: that is done, once', async (_what, data, cents) => {
    const { sessionId, paymentId } = await paidSession(bench);
    await cancelledWith(sessionId, data);
    for (let round = 0; round < 2; round += 1) {
      await bench.money.reconcilePayment({ paymentId, isLastLook: false });
    }
    expect((await atProvider(bench, paymentId)).refunded).toBe(cents);
    // Its own workflow, which somebody may have restarted, asks under the same key.
    const request = { sessionId, refundCents: cents, reason: 'cancelled', step: 'end' };
    await bench.money.refundPayment(request);
    expect((await atProvider(bench, paymentId)).refunded).toBe(cents);
  });

  test('a refund that was written down and never sent is sent', async () => {
    const { sessionId, paymentId } = await paidSession(bench);
    await cancelledWith(sessionId, { feeCents: 0, refundCents: PRICE_CENTS });
    const request = { sessionId, refundCents: PRICE_CENTS, reason: 'cancelled', step: 'end' };
    const deaf = createMoneyActivities({
      knex: bench.knex,
      cards: { ...bench.cards, createRefund: () => Promise.reject(new Error('down')) },
    });
    await expect(deaf.refundPayment(request)).rejects.toThrow();
    expect((await bench.row(paymentId)).state).toBe('refunded');
    for (let round = 0; round < 2; round += 1) {
      await bench.money.reconcilePayment({ paymentId, isLastLook: false });
    }
    expect((await atProvider(bench, paymentId)).refunded).toBe(PRICE_CENTS);
  });
});
