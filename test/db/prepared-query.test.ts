import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../db/knex.ts';
import { runStatement } from '../../db/statement.ts';
import type { Statement } from '../../db/statement.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;
beforeAll(async () => {
  database = await createTestDatabase();
  // All on one connection, which keeps what it has prepared.
  knex = openDatabase(database.url, { maxConnections: 1 });
}, 120_000);
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

const TYPES = `SELECT given.n, $2::text AS words, $3::bytea AS sealed, $4::boolean AS "isCalm",
  $5::timestamptz AS at, $6::json AS plan, $7::text[] AS names, $8::uuid AS nobody
  FROM generate_series(1, $1::int) AS given (n) ORDER BY given.n`;
const types = (rows: number): Statement => ({
  name: 'test-types',
  text: TYPES,
  values: [
    rows,
    'ä "b" \\ 漢',
    Buffer.from([0, 255, 92]),
    false,
    AT,
    '{"a":[1]}',
    ['x,y', '"'],
    null,
  ],
});
const AT = new Date('2026-11-22T08:30:00.123Z');

test('values and rows come through as with the driver itself, the first time and later', async () => {
  const { text, values } = types(2);
  const numbered = { text, values: [...values] };
  const driver = (await knex.client.acquireConnection()) as {
    query(query: typeof numbered): Promise<{ rows: unknown[] }>;
  };
  const expected = await driver.query(numbered).then(({ rows }) => rows);
  await knex.client.releaseConnection(driver);
  expect(expected).toHaveLength(2);
  expect(await runStatement(knex, types(2))).toEqual(expected);
  expect(await runStatement(knex, types(2))).toEqual(expected);
  expect(await runStatement(knex, types(0))).toEqual([]);
  const inTransaction = await knex.transaction((trx) => runStatement(trx, types(2)));
  expect(inTransaction).toEqual(expected);
});

test('one that fails, at first or later, leaves its connection and its name to the next', async () => {
  const divided = (by: number | string): Promise<readonly unknown[]> =>
    runStatement(knex, {
      name: 'test-division',
      text: 'SELECT 12 / $1::int AS part',
      values: [by],
    });
  await expect(divided('a word')).rejects.toMatchObject({ code: '22P02' });
  await expect(divided(0)).rejects.toMatchObject({ code: '22012' });
  expect(await divided(3)).toEqual([{ part: 4 }]);
  await expect(divided(0)).rejects.toMatchObject({ code: '22012' });
  expect(await Promise.all([divided(4), divided(6), divided(12)])).toEqual([
    [{ part: 3 }],
    [{ part: 2 }],
    [{ part: 1 }],
  ]);
});

test('one that can not be sent leaves its connection to the next', async () => {
  const circle: { itself?: object } = {};
  circle.itself = circle;
  const named = (text: string, value: unknown): Promise<readonly unknown[]> =>
    runStatement(knex, { name: 'test-named', text, values: [value] });
  await expect(named('SELECT $1::json AS plan', circle)).rejects.toThrow('test-named');
  expect(await named('SELECT $1::json AS plan', { a: 1 })).toEqual([{ plan: { a: 1 } }]);
  await expect(named('SELECT $1::json AS circle', { a: 1 })).rejects.toThrow('test-named');
  expect(await named('SELECT $1::json AS plan', null)).toEqual([{ plan: null }]);
});

test('a server that does not answer one costs its connection, never the next caller', async () => {
  const impatient = openDatabase(database.url, { maxConnections: 1, queryTimeoutMs: 3_000 });
  const slept = (seconds: number): Promise<readonly unknown[]> =>
    runStatement(impatient, {
      name: 'test-sleep',
      text: 'SELECT pg_sleep($1::float8) IS NULL AS slept',
      values: [seconds],
    });
  try {
    await expect(slept(60)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await slept(0)).toEqual([{ slept: false }]);
  } finally {
    await impatient.destroy();
  }
});
