import { expect, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase } from '../support/database.ts';

async function tablesOf(client: pg.Client): Promise<string[]> {
  const sql = `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`;
  return (await client.query<{ name: string }>(sql)).rows.map((row) => row.name);
}

test('each test file has a migrated database that no other sees', async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const [one, other] = databases.map(({ url }) => new pg.Client({ connectionString: url }));
  if (!one || !other) throw new Error('unreachable');
  try {
    await Promise.all([one.connect(), other.connect()]);
    await one.query('CREATE TABLE mine (id int)');
    expect(await tablesOf(one)).toEqual(expect.arrayContaining(['mine', 'claims']));
    expect(await tablesOf(other)).toContain('claims');
    expect(await tablesOf(other)).not.toContain('mine');
  } finally {
    await Promise.all([one.end(), other.end()]);
    await Promise.all(databases.map((database) => database.drop()));
  }
}, 120_000);
