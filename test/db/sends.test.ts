import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { takeReceipt } from '../../db/send-receipts.ts';
import { findSend, giveSendBack, markSend, openSend, takeOverSend } from '../../db/sends.ts';
import { type SessionBench, startSessionBench } from '../activities/session/bench.ts';

let bench: SessionBench;
let recipientId: string;

beforeAll(async () => {
  bench = await startSessionBench();
  recipientId = await bench.person();
});
afterAll(() => bench.close());

function open(key: string) {
  return openSend(bench.knex, {
    key,
    sessionId: null,
    recipientId,
    kind: 'reminder',
    channel: 'sms',
    scheduleVersion: 1,
    dueAtMs: null,
  });
}

const age = (key: string) =>
  bench
    .knex('sends')
    .where({ key })
    .update({ created_at: bench.knex.raw(`created_at - interval '1 minute'`) });

const stateOf = async (key: string) => (await findSend(bench.knex, key))?.state ?? null;

describe('the right to send', () => {
  test('is one caller’s', async () => {
    const key = v7();
    const opened = await Promise.all(Array.from({ length: 10 }, () => open(key)));
    expect(opened.filter(({ isMine }) => isMine)).toHaveLength(1);
    expect(opened.every(({ row }) => row.state === 'sending')).toBe(true);
  });

  test('is taken over from an attempt that is old enough, by one', async () => {
    const key = v7();
    await open(key);
    expect(await takeOverSend(bench.knex, key, 20_000)).toBe(false);
    await age(key);
    const takers = Array.from({ length: 10 }, () => takeOverSend(bench.knex, key, 20_000));
    expect((await Promise.all(takers)).filter(Boolean)).toHaveLength(1);
  });

  test.each(['sent', 'ambiguous', 'delivered', 'failed', 'skipped'] as const)(
    'is neither taken over nor given back once it is %s',
    async (state) => {
      const key = v7();
      await open(key);
      await age(key);
      await markSend(bench.knex, key, state);
      expect(await takeOverSend(bench.knex, key, 0)).toBe(false);
      await giveSendBack(bench.knex, key);
      expect(await stateOf(key)).toBe(state);
    },
  );

  test('given back, is anybody’s', async () => {
    const key = v7();
    await open(key);
    await giveSendBack(bench.knex, key);
    expect(await stateOf(key)).toBeNull();
    expect((await open(key)).isMine).toBe(true);
  });
});

describe('what has been settled', () => {
  test.each(['delivered', 'failed', 'skipped'] as const)('as %s stays', async (settled) => {
    const key = v7();
    await open(key);
    await markSend(bench.knex, key, settled);
    for (const state of ['sent', 'ambiguous', 'failed', 'delivered'] as const) {
      await markSend(bench.knex, key, state);
      expect(await stateOf(key)).toBe(settled);
    }
  });

  test('receipts in any order end alike', async () => {
    const orders = [
      ['sent', 'delivered'],
      ['delivered', 'sent'],
      ['delivered', 'failed'],
    ] as const;
    for (const order of orders) {
      const key = v7();
      await open(key);
      for (const state of order) {
        await takeReceipt(bench.knex, { key, providerRef: key, state, code: null });
      }
      expect(await stateOf(key)).toBe('delivered');
    }
    const stray = { key: v7(), providerRef: v7(), state: 'sent', code: null } as const;
    expect(await takeReceipt(bench.knex, stray)).toBeNull();
  });
});
