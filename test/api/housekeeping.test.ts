import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { tidy } from '../../api/housekeeping.ts';
import { reserveSpending } from '../../db/companion-spending.ts';
import { claimEvent, markHandled } from '../../db/provider-events.ts';
import { openDatabase } from '../../db/knex.ts';
import { type TestDatabase, createTestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

test("what somebody's share of a past day was goes with the day", async () => {
  const clinicId = newId();
  await knex('clinics').insert({ id: clinicId, name: 'Test clinic', time_zone: 'UTC' });
  const limits = { dailyCeilingMicros: 100, personCeilingMicros: 10 };
  const holders = [Buffer.from('past'), Buffer.from('present')];
  for (const holder of holders) {
    await reserveSpending(knex, { clinicId, holder, micros: 10 }, limits);
  }
  await knex('companion_shares')
    .where({ holder: holders[0] })
    .update({ day: knex.raw('day - 3') });
  await tidy(knex);
  expect(await knex('companion_shares').pluck('holder')).toEqual([holders[1]]);
});

test('events of providers go when no provider repeats them; unhandled ones stay', async () => {
  for (const id of ['old', 'recent', 'unhandled']) {
    await claimEvent(knex, { id, provider: 'stripe', type: 'charge.updated' });
    if (id !== 'unhandled') await markHandled(knex, id);
  }
  const longAgo = new Date(Date.now() - 41 * 86_400_000);
  await knex('provider_events').whereNot({ id: 'recent' }).update({ received_at: longAgo });
  await knex('provider_events').where({ id: 'old' }).update({ handled_at: longAgo });
  await tidy(knex);
  expect(await knex('provider_events').orderBy('id').pluck('id')).toEqual(['recent', 'unhandled']);
});
