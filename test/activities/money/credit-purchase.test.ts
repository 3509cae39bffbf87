import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { getPurchaseClientSecret } from '../../../activities/money/client-secret.ts';
import { moneyDepsOf } from '../../../activities/money/index.ts';
import { takeCardEvent } from '../../../activities/money/news.ts';
import { createCreditPurchase, findCreditPurchase } from '../../../db/credit-purchases.ts';
import { creditBalance } from '../../../db/credits.ts';
import { persistently, startMoney } from './bench.ts';
import type { MoneyBench } from './bench.ts';

const AMOUNT_CENTS = 20_000;

let bench: MoneyBench;

beforeAll(async () => {
  bench = await startMoney(400);
});
afterAll(() => bench.close());
beforeEach(() => bench.provider.control('/faults/clear'));

interface Begun {
  readonly purchaseId: string;
  readonly personId: string;
}

async function begin(cardToken = 'pm_card_visa'): Promise<Begun> {
  const purchaseId = v7();
  const personId = await bench.person();
  await createCreditPurchase(bench.knex, {
    id: purchaseId,
    personId,
    amountCents: AMOUNT_CENTS,
    currency: 'USD',
    cardToken,
  });
  return { purchaseId, personId };
}

async function balance({ personId }: Begun): Promise<number> {
  return (await creditBalance(bench.knex, personId)).balanceCents;
}

async function capturedFor({ purchaseId }: Begun): Promise<number> {
  const { charges } = await bench.provider.state();
  return charges
    .filter((charge) => charge.metadata['purchase_id'] === purchaseId)
    .reduce((sum, charge) => sum + charge.amount_captured, 0);
}

async function refOf({ purchaseId }: Begun): Promise<string> {
  return (await findCreditPurchase(bench.knex, purchaseId))?.provider_ref ?? '';
}

describe('a purchase of credits', () => {
  test('charges once and credits once, however often and by how many it is run', async () => {
    const begun = await begin();
    const runs = Array.from({ length: 4 }, () =>
      persistently(() => bench.money.payCreditPurchase(begun), 30),
    );
    for (const outcome of await Promise.all(runs)) {
      expect(outcome).toEqual({ kind: 'paid', balanceCents: AMOUNT_CENTS });
    }
    await bench.money.syncCreditPurchase(begun);
    expect(await bench.money.closeCreditPurchase(begun)).toMatchObject({ kind: 'paid' });
    expect([await balance(begun), await capturedFor(begun)]).toEqual([AMOUNT_CENTS, AMOUNT_CENTS]);
  });

  test.each(['timeout_after', 'drop_before', 'error_500', 'error_500_stored'])(
    'charges and credits once in spite of %s',
    async (kind) => {
      const begun = await begin();
      const path = '/v1/payment_intents/*/confirm';
      await bench.provider.control('/faults', { method: 'POST', path, kind, delayMs: 600 });
      await persistently(() => bench.money.payCreditPurchase(begun));
      expect([await balance(begun), await capturedFor(begun)]).toEqual([
        AMOUNT_CENTS,
        AMOUNT_CENTS,
      ]);
    },
  );

  test('that is declined credits nothing and says why', async () => {
    const begun = await begin('pm_card_visa_chargeDeclined');
    const failed = { kind: 'failed', code: 'payment_failed', providerCode: 'generic_decline' };
    expect(await bench.money.payCreditPurchase(begun)).toEqual(failed);
    expect(await bench.money.payCreditPurchase(begun)).toEqual(failed);
    expect(await balance(begun)).toBe(0);
  });

  test('waits for the card’s holder and credits a late success once', async () => {
    const begun = await begin('pm_card_threeDSecure2Required');
    expect(await bench.money.payCreditPurchase(begun)).toEqual({ kind: 'action_required' });
    const secret = await getPurchaseClientSecret(bench, begun.purchaseId);
    expect(secret).toMatch(/^pi_.*_secret_/);
    const path = `/payment_intents/${await refOf(begun)}/authenticate`;
    await bench.provider.control(path, { outcome: 'succeed' });
    const outcomes = await Promise.all([
      bench.money.closeCreditPurchase(begun),
      bench.money.syncCreditPurchase(begun),
      bench.money.payCreditPurchase(begun),
    ]);
    for (const outcome of outcomes) expect(outcome.kind).toBe('paid');
    expect(await balance(begun)).toBe(AMOUNT_CENTS);
  });

  test('that nobody confirms is called off and can not be paid any more', async () => {
    const begun = await begin('pm_card_threeDSecure2Required');
    await bench.money.payCreditPurchase(begun);
    expect(await bench.money.closeCreditPurchase(begun)).toMatchObject({ kind: 'failed' });
    const path = `/payment_intents/${await refOf(begun)}/authenticate`;
    await bench.provider.control(path, { outcome: 'succeed' }).catch(() => undefined);
    expect(await bench.money.syncCreditPurchase(begun)).toMatchObject({ kind: 'failed' });
    expect([await balance(begun), await capturedFor(begun)]).toEqual([0, 0]);
  });

  test('that is refunded in the dashboard becomes one task, with the amounts', async () => {
    const begun = await begin();
    await bench.money.payCreditPurchase(begun);
    const intentRef = await refOf(begun);
    await bench.provider.stripe.refunds.create({ payment_intent: intentRef, amount: 5_000 });
    const about = { id: 'evt_1', intentRef, setupRef: null, metadata: {}, dispute: null };
    for (const type of ['charge.refunded', 'refund.created', 'refund.updated']) {
      const news = await takeCardEvent(moneyDepsOf(bench), { ...about, type });
      expect(news).toEqual({ kind: 'purchase', purchaseId: begun.purchaseId });
    }
    const tasks = await bench.knex('tasks').where({ kind: 'credits_refunded' });
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({
      clinic_id: bench.clinicId,
      data: {
        personId: begun.personId,
        purchaseId: begun.purchaseId,
        purchasedCents: AMOUNT_CENTS,
        refundedCents: 5_000,
        unspentCents: AMOUNT_CENTS,
      },
    });
  });
});
