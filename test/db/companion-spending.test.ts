import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { reserveSpending, settleSpending } from '../../db/companion-spending.ts';
import type { Reservation } from '../../db/companion-spending.ts';
import { openDatabase } from '../../db/knex.ts';
import { type TestDatabase, createTestDatabase } from '../support/database.ts';

const LIMITS = { dailyCeilingMicros: 100, personCeilingMicros: 30 };
const [ONE, TWO, THREE, FOUR] = ['one', 'two', 'three', 'four'].map((name) => Buffer.from(name));

let database: TestDatabase;
let knex: Knex;
let clinicId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
}, 120_000);
beforeEach(async () => {
  clinicId = newId();
  await knex('companion_shares').delete();
  await knex('clinics').insert({ id: clinicId, name: 'Test clinic', time_zone: 'UTC' });
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

async function reserve(holder: Buffer | undefined, micros: number): Promise<string> {
  const { outcome } = await reserveSpending(knex, { clinicId, holder: holder!, micros }, LIMITS);
  return outcome;
}

async function spent(): Promise<Record<string, number>> {
  const [clinic] = await knex('companion_spending').where({ clinic_id: clinicId });
  const shares = await knex('companion_shares');
  return Object.fromEntries([
    ['clinic', Number(clinic?.micros ?? 0)],
    ...shares.map(({ holder, micros }) => [String(holder), Number(micros)]),
  ]);
}

test('what is set aside stays within the share of the person and the ceiling of the clinic', async () => {
  expect(await reserve(ONE, 31)).toBe('person_over');
  expect(await reserve(ONE, 101)).toBe('clinic_over');
  expect(await reserve(ONE, 30)).toBe('reserved');
  expect(await reserve(ONE, 1)).toBe('person_over');
  expect(await reserve(TWO, 30)).toBe('reserved');
  expect(await reserve(THREE, 30)).toBe('reserved');
  expect(await reserve(FOUR, 5)).toBe('reserved');
  // Nothing of what the clinic refuses stays with the person.
  expect(await reserve(FOUR, 6)).toBe('clinic_over');
  expect(await reserve(FOUR, 5)).toBe('reserved');
  expect(await spent()).toEqual({ clinic: 100, one: 30, two: 30, three: 30, four: 10 });
});

test('calls at once never come to more than either', async () => {
  const asked = [ONE, TWO, THREE, FOUR].flatMap((holder) =>
    Array.from({ length: 8 }, () => holder),
  );
  const outcomes = await Promise.all(asked.map((holder) => reserve(holder, 10)));
  expect(outcomes.filter((outcome) => outcome === 'reserved')).toHaveLength(10);
  const { clinic, ...people } = await spent();
  expect(clinic).toBe(100);
  expect(Object.values(people).reduce((sum, one) => sum + one, 0)).toBe(100);
  expect(Math.max(...Object.values(people))).toBe(30);
});

test('what a call did not cost is given back to both, on its own day alone', async () => {
  const spending = { clinicId, holder: ONE!, micros: 30 };
  const reserved = (await reserveSpending(knex, spending, LIMITS)) as Reservation;
  await settleSpending(knex, reserved, 12);
  expect(await spent()).toEqual({ clinic: 12, one: 12 });
  // The next day takes the person's row over.
  await knex('companion_shares').update({ day: knex.raw('day - 1') });
  const next = (await reserveSpending(knex, spending, LIMITS)) as Reservation;
  expect(await spent()).toEqual({ clinic: 42, one: 30 });
  await settleSpending(knex, { ...next, day: '2001-01-01' }, 0);
  expect(await spent()).toEqual({ clinic: 42, one: 30 });
});
