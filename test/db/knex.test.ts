import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { toFault } from '../../api/http/fault.ts';
import { translateDatabaseError } from '../../db/database-errors.ts';
import { openDatabase } from '../../db/knex.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;
beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { maxConnections: 1, queryTimeoutMs: 300 });
}, 120_000);
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

const backend = async (): Promise<number> =>
  (await knex.raw('SELECT pg_backend_pid() AS pid')).rows[0].pid;

test('a server that does not answer costs its connection, never the next caller', async () => {
  const first = await backend();
  expect(await backend()).toBe(first);
  const failed = await knex.raw('SELECT pg_sleep(60)').catch((error: unknown) => error);
  expect(toFault(failed)).toMatchObject({ status: 503, code: 'dependency_unavailable' });
  expect(translateDatabaseError(failed)).toMatchObject({ code: 'dependency_unavailable' });
  expect(await backend()).not.toBe(first);
});

test('a server that dies under a statement is a dependency that is down', async () => {
  const failed = await knex
    .raw('SELECT pg_terminate_backend(pg_backend_pid())')
    .catch((error: unknown) => error);
  expect(toFault(failed)).toMatchObject({ status: 503, code: 'dependency_unavailable' });
});

test('an error names no value of its statement', async () => {
  const failed = await knex.raw('SELECT ?::text, 1 / 0', ['a marked text']).catch(String);
  expect(failed).toContain('division by zero');
  expect(failed).not.toContain('marked');
});

test('a transaction whose server has died hears it at its next statement', async () => {
  const trx = await knex.transaction();
  await trx.raw('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
  const failed = await trx.raw('SELECT 1').catch((error: unknown) => error);
  expect(toFault(failed)).toMatchObject({ status: 503, code: 'dependency_unavailable' });
  await trx.rollback().catch(() => undefined);
});

test('a transaction that was given up leaves nothing behind', async () => {
  await knex.raw('CREATE TABLE kept (id int)');
  const work = knex.transaction(async (trx) => {
    await trx.raw('INSERT INTO kept VALUES (1)');
    await trx.raw('SELECT pg_sleep(60)');
  });
  const failed = await work.catch((error: unknown) => error);
  expect(toFault(failed)).toMatchObject({ status: 503, code: 'dependency_unavailable' });
  expect((await knex.raw('SELECT * FROM kept')).rows).toEqual([]);
});
