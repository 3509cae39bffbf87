import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import { auditRead } from '../../db/audit/record.ts';
import type { AuditContext, AuditEntry } from '../../db/audit/entry.ts';
import { openDatabase } from '../../db/knex.ts';
import { inTransaction } from '../../db/transaction.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;

const context: AuditContext = {
  actor: { id: uuid(), role: 'counselor', clinicId: uuid() },
  requestId: 'req-1',
};

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
  await knex.raw(`
    CREATE TABLE things (name text PRIMARY KEY, n int);
    CREATE TABLE stretches (
      during int4range, EXCLUDE USING gist (during WITH &&)
    );
    INSERT INTO things VALUES ('a', 0), ('b', 0)`);
});

afterEach(() => knex('things').update({ n: 0 }));

afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

function touched(objectId: string): AuditEntry {
  return { action: 'thing.changed', objectType: 'thing', objectId };
}

async function rowsOf(objectId: string): Promise<Record<string, unknown>[]> {
  return knex('audit_entries').where({ object_id: objectId }).orderBy('id');
}

describe('a change and its audit rows', () => {
  test('are committed together, with who, what and whose', async () => {
    const [objectId, subjectId] = [uuid(), uuid()];
    await inTransaction(knex, context, async (trx, audit) => {
      await trx('things').where({ name: 'a' }).update({ n: 7 });
      audit({
        ...touched(objectId),
        subjectId,
        changes: { status: { from: 'held', to: 'expired' }, version: 3 },
      });
      audit(touched(objectId));
      // Nothing is sent before the end.
      expect(await trx('audit_entries').where({ object_id: objectId })).toEqual([]);
    });
    expect(await rowsOf(objectId)).toMatchObject([
      {
        actor_id: context.actor.id,
        actor_role: 'counselor',
        clinic_id: context.actor.clinicId,
        action: 'thing.changed',
        object_type: 'thing',
        subject_id: subjectId,
        outcome: 'allowed',
        request_id: 'req-1',
        changes: { status: { from: 'held', to: 'expired' }, version: 3 },
      },
      { changes: null, subject_id: null },
    ]);
  });

  test('are rolled back together', async () => {
    const objectId = uuid();
    const failing = inTransaction(knex, context, async (trx, audit) => {
      await trx('things').where({ name: 'a' }).update({ n: 7 });
      audit(touched(objectId));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await rowsOf(objectId)).toEqual([]);
    expect(await knex('things').where({ name: 'a' })).toMatchObject([{ n: 0 }]);
  });

  test('an audit row that the database refuses undoes the change', async () => {
    const failing = inTransaction(knex, context, async (trx, audit) => {
      await trx('things').where({ name: 'a' }).update({ n: 7 });
      audit({ ...touched(uuid()), subjectId: 'not a uuid' });
    });
    await expect(failing).rejects.toMatchObject({ code: '22P02' });
    expect(await knex('things').where({ name: 'a' })).toMatchObject([{ n: 0 }]);
  });

  test('a swallowed database error is not taken for success', async () => {
    const failing = inTransaction(knex, context, async (trx) => {
      await trx('things').where({ name: 'a' }).update({ n: 7 });
      await trx.raw('SELECT 1/0').catch(() => undefined);
    });
    await expect(failing).rejects.toMatchObject({ code: '25P02' });
  });

  test('text that is no code is withheld', async () => {
    const objectId = uuid();
    await auditRead(knex, context, {
      ...touched(objectId),
      changes: { reason: 'I feel very low', at: '2026-03-01T10:00:00.000Z', to: 'jo@example.com' },
    });
    expect(await rowsOf(objectId)).toMatchObject([
      { changes: { reason: '[withheld]', at: '2026-03-01T10:00:00.000Z', to: '[withheld]' } },
    ]);
  });
});

describe('races', () => {
  test('two transactions that deadlock both end, each with its rows once', async () => {
    const [one, two] = [uuid(), uuid()];
    let meet: () => void = () => undefined;
    const met = new Promise<void>((resolve) => (meet = resolve));
    let arrived = 0;
    const moves: Promise<number>[] = [];
    const move = (at: 0 | 1, id: string, first: string, second: string): Promise<number> => {
      let attempts = 0;
      return inTransaction(knex, context, async (trx, audit) => {
        attempts += 1;
        // Who was turned back waits for the other, whom they might meet once more.
        if (attempts > 1) await moves[1 - at];
        audit(touched(id));
        await trx('things').where({ name: first }).increment('n', 1);
        if ((arrived += 1) === 2) meet();
        await met;
        await trx('things').where({ name: second }).increment('n', 1);
        return attempts;
      });
    };
    moves.push(move(0, one, 'a', 'b'), move(1, two, 'b', 'a'));
    const attempts = await Promise.all(moves);
    expect(attempts.toSorted()).toEqual([1, 2]);
    expect(await knex('things').orderBy('name')).toMatchObject([{ n: 2 }, { n: 2 }]);
    expect(await rowsOf(one)).toHaveLength(1);
    expect(await rowsOf(two)).toHaveLength(1);
  });

  test('a transaction that loses every race says that the database is busy', async () => {
    let attempts = 0;
    const failing = inTransaction(knex, context, async (trx) => {
      attempts += 1;
      await trx.raw(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`);
    });
    await expect(failing).rejects.toMatchObject({ code: 'dependency_unavailable' });
    expect(attempts).toBeGreaterThan(2);
  });

  test('colliding claims are a taken slot, and are not tried again', async () => {
    let attempts = 0;
    const claim = (): Promise<void> =>
      inTransaction(knex, context, async (trx) => {
        attempts += 1;
        await trx.raw(`INSERT INTO stretches VALUES ('[1,5)')`);
      });
    await claim();
    await expect(claim()).rejects.toMatchObject({ code: 'slot_unavailable' });
    expect(attempts).toBe(2);
  });
});

describe('the record is append-only', () => {
  test.each([
    `UPDATE audit_entries SET action = 'x'`,
    'DELETE FROM audit_entries WHERE false',
    'TRUNCATE audit_entries',
    'DELETE FROM audit_seals',
    `INSERT INTO audit_entries (actor_role, action, object_type, outcome)
     VALUES ('admin', 'a', 'b', 'perhaps')`,
    `INSERT INTO audit_entries (id, actor_role, action, object_type, outcome)
     VALUES (1, 'admin', 'a', 'b', 'allowed')`,
  ])('%s', async (statement) => {
    await auditRead(knex, context, touched(uuid()));
    await expect(knex.raw(statement)).rejects.toThrow(/append-only|check constraint|DEFAULT/);
  });
});
