import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { creditBalance } from '../../../db/credits.ts';
import { PRICE_CENTS, startMoney } from './bench.ts';
import type { MoneyBench } from './bench.ts';

let bench: MoneyBench;

beforeAll(async () => {
  bench = await startMoney();
});
afterAll(() => bench.close());

interface Begun {
  readonly session: { sessionId: string; clientId: string };
  readonly paymentId: string;
}

async function begin(creditCents: number, cardToken: string | null = null): Promise<Begun> {
  const session = await bench.session();
  if (creditCents > 0) await bench.credits(session.clientId, creditCents);
  return { session, paymentId: await bench.payment(session, { method: 'credits', cardToken }) };
}

function balance({ session }: Begun): Promise<unknown> {
  return creditBalance(bench.knex, session.clientId);
}

describe('credits', () => {
  test('are reserved, captured and given back, each once', async () => {
    const begun = await begin(20_000);
    const { session, paymentId } = begun;
    for (let round = 0; round < 2; round += 1) {
      expect(await bench.money.authorisePayment({ paymentId })).toEqual({
        kind: 'authorised',
        captureBeforeAt: null,
      });
      expect(await balance(begun)).toEqual({ balanceCents: 8_000, reservedCents: PRICE_CENTS });
    }
    for (let round = 0; round < 2; round += 1) {
      expect(await bench.money.capturePayment(session)).toEqual({ kind: 'captured' });
      expect(await balance(begun)).toEqual({ balanceCents: 8_000, reservedCents: 0 });
    }
    const refund = { ...session, refundCents: 9_000, reason: 'cancelled', step: 'end' };
    for (let round = 0; round < 2; round += 1) {
      expect(await bench.money.refundPayment(refund)).toEqual({ kind: 'refunded' });
      expect(await balance(begun)).toEqual({ balanceCents: 17_000, reservedCents: 0 });
    }
    await bench.money.refundPayment({ ...refund, step: 'again' });
    expect(await balance(begun)).toEqual({ balanceCents: 20_000, reservedCents: 0 });
  });

  test('that were only reserved are let go', async () => {
    const begun = await begin(PRICE_CENTS);
    await bench.money.authorisePayment({ paymentId: begun.paymentId });
    const paid = { kind: 'paid', paymentState: 'authorised' };
    expect(await bench.money.closeUnpaid(begun.session)).toEqual(paid);
    const voids = [1, 2, 3].map(() => bench.money.voidPayment(begun.session));
    for (const outcome of await Promise.all(voids)) expect(outcome).toEqual({ kind: 'voided' });
    expect(await balance(begun)).toEqual({ balanceCents: PRICE_CENTS, reservedCents: 0 });
  });

  test('capturing and voiding at once end in one of the two', async () => {
    for (let round = 0; round < 6; round += 1) {
      const begun = await begin(PRICE_CENTS);
      await bench.money.authorisePayment({ paymentId: begun.paymentId });
      await Promise.all([
        bench.money.capturePayment(begun.session),
        bench.money.voidPayment(begun.session),
      ]);
      const { state } = await bench.row(begun.paymentId);
      expect(await balance(begun)).toEqual({
        balanceCents: state === 'captured' ? 0 : PRICE_CENTS,
        reservedCents: 0,
      });
    }
  });

  test('too few say how many there are, and stay', async () => {
    const begun = await begin(PRICE_CENTS - 1);
    expect(await bench.money.authorisePayment({ paymentId: begun.paymentId })).toEqual({
      kind: 'failed',
      code: 'insufficient_tokens',
      requiredCents: PRICE_CENTS,
      balanceCents: PRICE_CENTS - 1,
    });
    expect(await balance(begun)).toEqual({ balanceCents: PRICE_CENTS - 1, reservedCents: 0 });
  });

  test('too few and a backup card: the card pays the whole', async () => {
    const begun = await begin(5_000, 'pm_card_visa');
    expect((await bench.money.authorisePayment({ paymentId: begun.paymentId })).kind).toBe(
      'authorised',
    );
    expect(await bench.money.capturePayment(begun.session)).toEqual({ kind: 'captured' });
    expect(await balance(begun)).toEqual({ balanceCents: 5_000, reservedCents: 0 });
    expect(await bench.row(begun.paymentId)).toMatchObject({
      method: 'card',
      captured_cents: PRICE_CENTS,
    });
  });

  test('several sessions at once cannot spend the same credits', async () => {
    const first = await begin(PRICE_CENTS * 2);
    const rivals = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const session = { ...(await bench.session()), clientId: first.session.clientId };
        return bench.payment(session, { method: 'credits' });
      }),
    );
    const outcomes = await Promise.all(
      rivals.map((paymentId) => bench.money.authorisePayment({ paymentId })),
    );
    expect(outcomes.filter(({ kind }) => kind === 'authorised')).toHaveLength(2);
    expect(await balance(first)).toEqual({ balanceCents: 0, reservedCents: PRICE_CENTS * 2 });
  });
});
