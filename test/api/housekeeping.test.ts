import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { tidy } from '../../api/housekeeping.ts';
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
