import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { openDatabase } from '../../db/knex.ts';
import { planFor } from '../../db/policies.ts';
import { seedDemo } from '../../db/seed.ts';
import type { SeededClinic } from '../../db/seed.ts';
import { DEFAULT_PLAN } from '../../domain/plan.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

const NOW = Date.UTC(2026, 0, 5);
let database: TestDatabase;
let knex: Knex;
let clinic: SeededClinic;
let hashes = 0;

function seed(): Promise<SeededClinic> {
  const passwordHash = async (plain: string): Promise<string> => {
    hashes += 1;
    return `hash of ${plain}`;
  };
  return seedDemo({ knex, passwordHash, now: NOW });
}

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
  // Two processes that start at once.
  [clinic] = (await Promise.all([seed(), seed()])) as [SeededClinic, SeededClinic];
});

afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

const TABLES = [
  'clinics',
  'people',
  'therapist_profiles',
  'availability_rules',
  'relationships',
  'policies',
  'credit_accounts',
  'credit_transfers',
  'credit_entries',
  'services',
  'locations',
  'insurance_authorisations',
];

async function contents(): Promise<string> {
  const parts = TABLES.map(async (table) => {
    const { rows } = await knex.raw(
      `SELECT row_to_json(t)::text AS row FROM ${table} t ORDER BY 1`,
    );
    return (rows as { row: string }[]).map(({ row }) => row).join('\n');
  });
  return (await Promise.all(parts)).join('\n\n');
}

test('a second start changes nothing, not even what people have made of their data', async () => {
  const therapist = clinic.people.find((person) => person.therapistId !== undefined)!;
  await knex('availability_rules').where({ therapist_id: therapist.id, day_of_week: 1 }).delete();
  await knex('people').where({ id: clinic.people[0]!.id }).update({ email: 'new@harbor.example' });
  const before = await contents();
  const again = await seed();
  expect(await contents()).toBe(before);
  expect(again).toEqual(clinic);
  expect(hashes).toBe(1);
});

test('the demo clinic has the people that scripts rely on', async () => {
  const roles = clinic.people.map((person) => person.role);
  expect(roles.filter((role) => role === 'patient').length).toBeGreaterThanOrEqual(3);
  expect(roles).toEqual(expect.arrayContaining(['peer', 'staff', 'admin']));
  const { rows } = await knex.raw(
    `SELECT profile.*, (SELECT count(*)::int FROM availability_rules rule
       WHERE rule.therapist_id = profile.person_id) AS rules
     FROM therapist_profiles profile WHERE verified_at IS NOT NULL`,
  );
  const zones = new Set(rows.map((row: { time_zone: string }) => row.time_zone));
  expect(zones).toEqual(new Set(['America/New_York', 'Europe/Berlin']));
  expect(rows.length).toBeGreaterThanOrEqual(4);
  expect(rows.every((row: { rules: number }) => row.rules > 0)).toBe(true);
  expect(rows.filter((row: { is_on_call: boolean }) => row.is_on_call)).toHaveLength(1);
});

test('the first patient has bought credits, and the ledger balances', async () => {
  const { rows } = await knex.raw(
    `SELECT person_id, kind, balance_cents::int AS cents FROM credit_accounts
     WHERE balance_cents <> 0 ORDER BY kind`,
  );
  expect(rows).toEqual([
    { person_id: clinic.people[0]!.id, kind: 'balance', cents: 50_000 },
    { person_id: null, kind: 'sold', cents: -50_000 },
  ]);
});

test('demo sessions live in seconds, all others by the ordinary plan', async () => {
  const quick = await planFor(knex, clinic.clinicId, 'therapy', 'demo');
  expect(quick.holdTtlMs).toBe(30_000);
  expect(quick.minimumNoticeMs).toBe(0);
  expect(await planFor(knex, clinic.clinicId, 'therapy', 'individual')).toEqual(DEFAULT_PLAN);
});
