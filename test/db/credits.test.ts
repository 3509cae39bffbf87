import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { v7 } from 'uuid';
import {
  addPurchasedCredits,
  creditBalance,
  listCreditEntries,
  refundCredits,
  reserveCredits,
  settleCredits,
} from '../../db/credits.ts';
import type { CreditPayment, TransferOutcome } from '../../db/credits.ts';
import { startMoney } from '../activities/money/bench.ts';
import type { MoneyBench } from '../activities/money/bench.ts';

let bench: MoneyBench;
let knex: Knex;

beforeAll(async () => {
  bench = await startMoney();
  knex = bench.knex;
});
afterAll(() => bench.close());

interface Holder {
  readonly personId: string;
  readonly sessionId: string;
}

let holder: Holder;
beforeEach(async () => {
  const { sessionId, clientId } = await bench.session();
  holder = { sessionId, personId: clientId };
});

async function paymentOf({ sessionId, personId }: Holder, cents: number): Promise<CreditPayment> {
  const session = { sessionId, clientId: personId };
  const paymentId = await bench.payment(session, { method: 'credits', amountCents: cents });
  return { paymentId, sessionId, personId, clinicId: bench.clinicId, amountCents: cents };
}

function inTrx(
  work: (trx: Knex.Transaction) => Promise<TransferOutcome>,
): Promise<TransferOutcome> {
  return knex.transaction(work);
}

function reserve(payment: CreditPayment): Promise<TransferOutcome> {
  return inTrx((trx) => reserveCredits(trx, payment));
}

function settle(payment: CreditPayment, keepCents: number): Promise<TransferOutcome> {
  return inTrx((trx) => settleCredits(trx, payment, keepCents));
}

async function sumOfAllAccounts(): Promise<number> {
  const { rows } = await knex.raw(
    'SELECT coalesce(sum(balance_cents), 0)::int AS s FROM credit_accounts',
  );
  return rows[0].s;
}

/** Accounts whose balance is not the sum of their entries. */
async function driftedAccounts(): Promise<unknown[]> {
  const { rows } = await knex.raw(`
    SELECT a.id FROM credit_accounts a LEFT JOIN credit_entries e ON e.account_id = a.id
    GROUP BY a.id HAVING a.balance_cents <> coalesce(sum(e.amount_cents), 0)`);
  return rows;
}

describe('the ledger', () => {
  test('every key moves credits once', async () => {
    await bench.credits(holder.personId, 10_000);
    const payment = await paymentOf(holder, 7_000);
    expect((await reserve(payment)).kind).toBe('done');
    expect((await reserve(payment)).kind).toBe('repeated');
    expect(await creditBalance(knex, holder.personId)).toEqual({
      balanceCents: 3_000,
      reservedCents: 7_000,
    });
    expect((await settle(payment, 3_500)).kind).toBe('done');
    expect((await settle(payment, 0)).kind).toBe('repeated');
    expect(await creditBalance(knex, holder.personId)).toEqual({
      balanceCents: 6_500,
      reservedCents: 0,
    });
    const entries = await listCreditEntries(knex, holder.personId, { limit: 10 });
    expect(entries.map(({ kind, amountCents }) => [kind, amountCents])).toEqual([
      ['capture', 3_500],
      ['reserve', -7_000],
      ['purchase', 10_000],
    ]);
    const [newest] = entries;
    const older = await listCreditEntries(knex, holder.personId, {
      before: newest?.id ?? '',
      limit: 1,
    });
    expect(older.map(({ kind }) => kind)).toEqual(['reserve']);
  });

  test('too little is said, with what there is, and nothing moves', async () => {
    await bench.credits(holder.personId, 500);
    const payment = await paymentOf(holder, 501);
    expect(await reserve(payment)).toEqual({ kind: 'insufficient', balanceCents: 500 });
    expect((await settle(payment, 0)).kind).toBe('insufficient');
    expect(await creditBalance(knex, holder.personId)).toEqual({
      balanceCents: 500,
      reservedCents: 0,
    });
  });

  test('of forty who want the last credits at once, as many get them as there are', async () => {
    await bench.credits(holder.personId, 5_500);
    const payments = await Promise.all(Array.from({ length: 10 }, () => paymentOf(holder, 1_000)));
    const outcomes = await Promise.all(
      payments.flatMap((payment) => Array.from({ length: 4 }, () => reserve(payment))),
    );
    expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(5);
    expect(await creditBalance(knex, holder.personId)).toEqual({
      balanceCents: 500,
      reservedCents: 5_000,
    });
  });

  test('a transfer that does not balance is refused by the database itself', async () => {
    await bench.credits(holder.personId, 100);
    const [account] = await knex('credit_accounts').where({ person_id: holder.personId });
    const lopsided = knex.transaction(async (trx) => {
      const id = v7();
      await trx('credit_transfers').insert({ id, key: id, kind: 'refund' });
      await trx('credit_entries').insert({
        transfer_id: id,
        account_id: account.id,
        amount_cents: 1,
      });
    });
    await expect(lopsided).rejects.toThrow('does not balance');
  });
});

type Step =
  | { readonly kind: 'buy'; readonly who: number; readonly cents: number }
  | { readonly kind: 'reserve' | 'capture' | 'void' | 'fee' | 'refund'; readonly what: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('buy' as const),
      who: fc.nat(1),
      cents: fc.integer({ min: 1, max: 3_000 }),
    }),
    fc.record({
      kind: fc.constantFrom('reserve', 'capture', 'void', 'fee', 'refund' as const),
      what: fc.nat(5),
    }),
  ),
  { minLength: 5, maxLength: 60 },
);

describe('any mixture of operations at once', () => {
  test('leaves all accounts together at zero, nobody below zero and every cent explained', async () => {
    const scenario = fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 8 }),
      async (script, lanes) => {
        const holders = await Promise.all([newHolder(), newHolder()]);
        const payments = await Promise.all(
          [900, 1_400, 300, 2_000, 50, 1_100].map((cents, index) =>
            paymentOf(holders[index % 2] as Holder, cents),
          ),
        );
        const queue = script.values();
        const lane = async (): Promise<void> => {
          for (const step of queue) await perform(step, holders, payments);
        };
        await Promise.all(Array.from({ length: lanes }, lane));
        expect(await sumOfAllAccounts()).toBe(0);
        expect(await driftedAccounts()).toEqual([]);
        await expectExplained(holders, payments);
      },
    );
    await fc.assert(scenario, { numRuns: 25 });
  }, 120_000);
});

async function newHolder(): Promise<Holder> {
  const { sessionId, clientId } = await bench.session();
  return { sessionId, personId: clientId };
}

async function perform(
  step: Step,
  holders: readonly Holder[],
  payments: readonly CreditPayment[],
): Promise<void> {
  if (step.kind === 'buy') {
    const { personId } = holders[step.who] as Holder;
    await inTrx((trx) =>
      addPurchasedCredits(trx, {
        purchaseId: v7(),
        personId,
        clinicId: bench.clinicId,
        amountCents: step.cents,
        providerRef: 'pi_x',
      }),
    );
    return;
  }
  const payment = payments[step.what] as CreditPayment;
  if (step.kind === 'reserve') await reserve(payment);
  else if (step.kind === 'refund') await refundIfCaptured(payment);
  else await settleIfReserved(payment, step.kind);
}

/** As the activities do it: a payment that was never reserved is not settled. */
async function settleIfReserved(
  payment: CreditPayment,
  kind: 'capture' | 'void' | 'fee',
): Promise<void> {
  const isReserved = await knex('credit_transfers').where({ key: `reserve/${payment.paymentId}` });
  if (isReserved.length === 0) return;
  const keep = { capture: payment.amountCents, void: 0, fee: Math.floor(payment.amountCents / 2) };
  await settle(payment, keep[kind]);
}

async function refundIfCaptured(payment: CreditPayment): Promise<void> {
  const key = `settle/${payment.paymentId}`;
  const [transfer] = await knex('credit_transfers').where({ key, kind: 'capture' });
  if (transfer === undefined) return;
  await inTrx((trx) => refundCredits(trx, payment, { key: payment.paymentId, amountCents: 10 }));
}

/** What a person holds is what they bought, less what was earned from them. */
async function expectExplained(
  holders: readonly Holder[],
  payments: readonly CreditPayment[],
): Promise<void> {
  for (const { personId } of holders) {
    const { balanceCents, reservedCents } = await creditBalance(knex, personId);
    expect(Math.min(balanceCents, reservedCents)).toBeGreaterThanOrEqual(0);
    const own = payments.filter((payment) => payment.personId === personId);
    let openCents = 0;
    for (const { paymentId, amountCents } of own) {
      const keys = [`reserve/${paymentId}`, `settle/${paymentId}`];
      const found = await knex('credit_transfers').whereIn('key', keys);
      if (found.length === 1) openCents += amountCents;
    }
    expect(reservedCents).toBe(openCents);
  }
}
