import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../db/knex.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { maxConnections: 1 });
});

afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

/** What the one connection has prepared that reads the table. */
async function prepared(table: string): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { statement: string }[] }>(
    `SELECT statement FROM pg_prepared_statements WHERE from_sql = false AND statement LIKE '%${table}%'`,
  );
  return rows.map(({ statement }) => statement);
}

async function often(use: () => Promise<unknown>): Promise<void> {
  for (let times = 0; times < 8; times += 1) await use();
}

test('a text that comes again and again is prepared once, one that came once is not', async () => {
  await knex.schema.createTable('usual', (table) => void table.integer('number'));
  await knex.raw('INSERT INTO usual VALUES (?)', [0]);
  expect(await prepared('usual')).toEqual([]);
  const numbers: number[] = [];
  await often(async () => {
    const { rows } = await knex.raw('SELECT ?::int * 2 AS number FROM usual', [numbers.length]);
    numbers.push(rows[0].number);
  });
  expect(numbers).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  expect(await prepared('usual')).toEqual(['SELECT $1::int * 2 AS number FROM usual']);
});

test('what asks for all columns goes on when a migration adds one', async () => {
  await knex.schema.createTable('grown', (table) => void table.integer('number'));
  await knex('grown').insert({ number: 1 });
  const asks = [
    () => knex('grown').where({ number: 1 }),
    () => knex.raw('SELECT grown.* FROM grown WHERE number = ?', [1]),
    () => knex('grown').where({ number: 1 }).update({ number: 1 }).returning('*'),
    () => knex.raw('SELECT number, * FROM grown WHERE number = ?', [1]),
  ];
  for (const ask of asks) await often(async () => ask());
  await knex.schema.alterTable('grown', (table) => void table.integer('added').defaultTo(2));
  expect(await asks[0]!()).toEqual([{ number: 1, added: 2 }]);
  for (const ask of asks) await ask();
});
