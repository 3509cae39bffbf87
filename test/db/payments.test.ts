import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import {
  applyFacts,
  closeUnknown,
  createPayment,
  listPayments,
  lockPayment,
} from '../../db/payments.ts';
import { completeTask, listTasks, openTask } from '../../db/tasks.ts';
import { isNews, PAYMENT_STATES } from '../../domain/payment.ts';
import type { PaymentState } from '../../domain/payment.ts';
import { startMoney } from '../activities/money/bench.ts';
import type { MoneyBench } from '../activities/money/bench.ts';

let bench: MoneyBench;

beforeAll(async () => {
  bench = await startMoney();
});
afterAll(() => bench.close());

describe('payment attempts', () => {
  test('are numbered without gaps or twins when many begin at once, and repeat by id', async () => {
    const session = await bench.session();
    const ids = Array.from({ length: 8 }, () => v7());
    const create = (id: string): Promise<unknown> =>
      bench.knex.transaction((trx) =>
        createPayment(trx, {
          id,
          sessionId: session.sessionId,
          personId: session.clientId,
          method: 'card',
          amountCents: 100,
          currency: 'USD',
          cardToken: 'pm_card_visa',
        }),
      );
    await Promise.all([...ids, ...ids].map(create));
    const attempts = (await listPayments(bench.knex, session)).map(({ attempt }) => attempt);
    expect(attempts).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  });

  test.each(PAYMENT_STATES.flatMap((from) => PAYMENT_STATES.map((to) => [from, to] as const)))(
    'from %s to %s: an older truth never undoes a newer one',
    async (from, to) => {
      const isBack = isNews(from, to) && isNews(to, from);
      const startsOver = from === 'saved' || to === 'saved';
      expect(isBack && !startsOver).toBe(false);
      expect(isNews(from, from)).toBe(false);
    },
  );

  test('end the same whatever order the provider is heard in', async () => {
    const heard: PaymentState[] = ['requires_action', 'processing', 'authorised', 'captured'];
    const orders = [heard, heard.toReversed(), ['authorised', 'requires_action', 'captured']];
    for (const order of orders as PaymentState[][]) {
      const paymentId = await bench.payment(await bench.session());
      for (const state of order) {
        await bench.knex.transaction(async (trx) => {
          const payment = await lockPayment(trx, paymentId);
          if (payment === null) throw new Error('no payment');
          const captured = state === 'captured' ? { capturedCents: 100 } : {};
          await applyFacts(trx, payment, { state, ...captured });
        });
      }
      expect((await bench.row(paymentId)).state).toBe('captured');
    }
  });

  test('that hold money are not closed as unknown', async () => {
    const paymentId = await bench.payment(await bench.session());
    await bench.knex('payments').where({ id: paymentId }).update({ state: 'authorised' });
    expect(await closeUnknown(bench.knex, paymentId, 'closed')).toBe(false);
    expect((await bench.row(paymentId)).state).toBe('authorised');
  });
});

describe('tasks', () => {
  test('one of each occasion, done by one person', async () => {
    const { clinicId, knex } = bench;
    const task = { clinicId, key: v7(), kind: 'dispute', data: { status: 'open' } };
    const opened = await Promise.all(Array.from({ length: 5 }, () => openTask(knex, task)));
    expect(opened.filter(Boolean)).toHaveLength(1);
    const filter = { clinicId, state: 'open', kind: null, sessionId: null, after: null } as const;
    const [open, ...others] = await listTasks(knex, { ...filter, limit: 10 });
    expect(others).toEqual([]);
    const done = { clinicId, id: open?.id ?? '', doneBy: await bench.person(), note: null };
    const results = await Promise.all(
      [1, 2, 3].map(() => knex.transaction((trx) => completeTask(trx, done))),
    );
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await listTasks(knex, { ...filter, limit: 10 })).toEqual([]);
    expect(await openTask(knex, task)).toBe(false);
  });
});
