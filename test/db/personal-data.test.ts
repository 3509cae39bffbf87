import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../db/knex.ts';
import { EXPORTED, INVENTORY } from '../../db/personal-data/inventory.ts';
import { IMPERSONAL } from '../../db/personal-data/impersonal.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

interface Column {
  readonly table_name: string;
  readonly column_name: string;
  readonly data_type: string;
  readonly is_nullable: 'YES' | 'NO';
  readonly names_person: boolean;
}

let database: TestDatabase;
let knex: Knex;
let columns: Column[];
beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
  ({ rows: columns } = await knex.raw<{ rows: Column[] }>(
    `SELECT table_name, column_name, data_type, is_nullable, EXISTS (
       SELECT FROM pg_constraint link JOIN pg_attribute part
         ON part.attrelid = link.conrelid AND part.attnum = ANY (link.conkey)
       WHERE link.contype = 'f' AND link.conrelid = format('public.%I', table_name)::regclass
         AND part.attname = column_name AND link.confrelid = 'people'::regclass) AS names_person
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, 2`,
  ));
}, 120_000);
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

function named(): Set<string> {
  const names = new Set<string>();
  for (const { table, shown, hidden, sealed } of INVENTORY) {
    for (const name of [...shown, ...hidden, ...Object.keys(sealed)]) names.add(`${table}.${name}`);
  }
  for (const [table, { columns: known }] of Object.entries(IMPERSONAL)) {
    for (const name of known) names.add(`${table}.${name}`);
  }
  return names;
}

const WHAT_TO_DO = `
A migration has added a table or a column that nobody can export or erase yet. In db/personal-data/:
- Does it tell of a person (it names one, or holds what they typed or what is known of them)? Add a
  \`place('table', { of, section, shown, sealed, hidden, fate })\` to the file of its field (support,
  crisis, sessions, money, staff, account; or a file of your own that inventory.ts spreads into both
  lists), or the column to the place that is there: \`shown\` is exported as it is, \`sealed\` is opened
  for the export (say purpose, object and row as your FieldRef does, as SQL over \`t\`), \`hidden\` is
  neither. \`fate\`: deleted, cleared('columns') or kept('why'); a sealed column is never kept.
- Does it tell of nobody? Add the column to its table in impersonal.ts, or the table with the reason.
Missing: `;

test('every column of every table is either personal or known to be none', () => {
  const known = named();
  const missing = columns
    .map(({ table_name: table, column_name: name }) => `${table}.${name}`)
    .filter((name) => !known.has(name));
  if (missing.length > 0) throw new Error(WHAT_TO_DO + missing.join(', '));
});

test('nothing is named that is no longer there', () => {
  const there = new Set(columns.map((column) => `${column.table_name}.${column.column_name}`));
  expect([...named()].filter((name) => !there.has(name))).toEqual([]);
});

test('a table that tells of nobody names nobody but those who work on it', () => {
  const personal = columns.filter(
    ({ table_name: table, column_name: name, names_person: namesPerson }) =>
      table in IMPERSONAL && namesPerson && !name.endsWith('_by'),
  );
  expect(personal).toEqual([]);
});

test('no sealed text of a person outlives them, and what is emptied can be empty', () => {
  const nullable = new Set(columns.filter((column) => column.is_nullable === 'YES').map(keyOf));
  for (const { table, sealed, fate, ownsKeys } of INVENTORY) {
    const texts = Object.keys(sealed);
    // What somebody wrote in another person's conversation is kept with that, and says so.
    if (fate.kind === 'kept')
      expect([table, ownsKeys]).toEqual([table, texts.length > 0 ? 'false' : ownsKeys]);
    if (fate.kind !== 'cleared') continue;
    for (const name of texts) expect(fate.to).toHaveProperty(name);
    for (const [name, to] of Object.entries(fate.to)) {
      if (to === 'NULL') expect([...nullable]).toContain(`${table}.${name}`);
    }
  }
});

function keyOf({ table_name: table, column_name: name }: Column): string {
  return `${table}.${name}`;
}

test('each section of an export has a name of its own', () => {
  const names = EXPORTED.map(({ section }) => section);
  expect(new Set(names).size).toBe(names.length);
});
