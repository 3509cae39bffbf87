import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import { ephemeralKeyRing } from '../../crypto/key-ring.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { AUDIT_ROW_COLUMNS, digestOf, linkOf } from '../../db/audit/digest.ts';
import type { AuditRow, Seal } from '../../db/audit/digest.ts';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { auditRead } from '../../db/audit/record.ts';
import { createSealer } from '../../db/audit/sealer.ts';
import type { Sealer, SealerOptions } from '../../db/audit/sealer.ts';
import { verifyAudit } from '../../db/audit/verify.ts';
import type { AuditFault } from '../../db/audit/verify.ts';
import { openDatabase } from '../../db/knex.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;
let ring: KeyRing;
let sealers: Sealer[];

beforeAll(async () => {
  ring = await ephemeralKeyRing();
});

beforeEach(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { maxConnections: 12, acquireTimeoutMs: 30_000 });
  sealers = [];
});

afterEach(async () => {
  await Promise.all(sealers.map((sealer) => sealer.close()));
  await knex.destroy();
  await database.drop();
});

/** A sealer that works only when asked. */
function manualSealer(options: SealerOptions = {}): Sealer {
  const sealer = createSealer(knex, ring, { intervalMs: 3_600_000, ...options });
  sealers.push(sealer);
  return sealer;
}

async function write(db: Knex, count: number): Promise<void> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  const entries = Array.from({ length: count }, () => ({
    action: 'session.read',
    objectType: 'session',
    objectId: uuid(),
    changes: { n: count },
  }));
  await auditRead(db, context, ...entries);
}

/** Other databases of the server share its transaction counter, so a row may take a moment to be final. */
async function sealAll(sealer: Sealer): Promise<void> {
  while ((await verifyAudit(knex, ring)).tail.rows > 0) await sealer.sealNow();
}

async function sealedIds(): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    'SELECT unnest(ids)::text AS id FROM audit_seals ORDER BY number',
  );
  return rows.map(({ id }) => id);
}

/** What someone with all rights on the database can do. */
async function tamper(sql: string): Promise<void> {
  await knex.transaction(async (trx) => {
    await trx.raw('SET LOCAL session_replication_role = replica');
    await trx.raw(sql);
  });
}

async function faultAfter(sql: string): Promise<AuditFault | null> {
  await tamper(sql);
  return (await verifyAudit(knex, ring)).fault;
}

describe('sealing', () => {
  test('covers every row once, also of transactions that commit late with lower ids', async () => {
    const sealer = manualSealer();
    const late = await knex.transaction();
    await write(late, 2);
    await write(knex, 3);
    await sealer.sealNow();
    // The late rows hold ids 1 and 2; nothing above their transaction is final yet.
    expect(await sealedIds()).toEqual([]);
    await late.commit();
    await write(knex, 1);
    await sealAll(sealer);
    expect(await sealedIds()).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(await verifyAudit(knex, ring)).toMatchObject({ fault: null, sealedRows: 6 });
  });

  test('rows of transactions that were rolled back leave a gap, not a fault', async () => {
    const undone = await knex.transaction();
    await write(undone, 2);
    await undone.rollback();
    await write(knex, 1);
    await sealAll(manualSealer());
    expect(await sealedIds()).toEqual(['3']);
    expect((await verifyAudit(knex, ring)).fault).toBeNull();
  });

  test('a batch ends between transactions, even where one is larger than a batch', async () => {
    for (const count of [2, 2, 7, 1]) await write(knex, count);
    await sealAll(manualSealer({ maxRows: 3 }));
    const { rows } = await knex.raw<{ rows: { n: number }[] }>(
      'SELECT cardinality(ids) AS n FROM audit_seals ORDER BY number',
    );
    expect(rows.map(({ n }) => n)).toEqual([2, 2, 7, 1]);
    expect((await verifyAudit(knex, ring)).fault).toBeNull();
  });

  test('many writers, three sealers at once: each row in exactly one seal', async () => {
    const makers = Array.from({ length: 6 }, async (_, i) => {
      for (let n = 0; n < 15; n += 1) {
        await knex.transaction(async (trx) => {
          await write(trx, 1 + (n % 3));
          if (i % 2 === 0) await trx.raw('SELECT pg_sleep(0.004)');
          await write(trx, 1);
        });
      }
    });
    const three = [manualSealer(), manualSealer({ maxRows: 4 }), manualSealer()];
    const written = new AbortController();
    const sealing = three.map(async (sealer) => {
      while (!written.signal.aborted) await sealer.sealNow();
    });
    await Promise.all(makers);
    written.abort();
    await Promise.all(sealing);
    await sealAll(three[0]!);
    const ids = await sealedIds();
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(6 * 15 * 3);
    const report = await verifyAudit(knex, ring);
    expect(report.fault).toBeNull();
    expect(report.seals).toBeGreaterThan(1);
  });

  test('goes on by itself, tells a fault, and closes twice', async () => {
    const faults: Error[] = [];
    const sealer = createSealer(knex, ring, {
      intervalMs: 5,
      onFault: (error) => faults.push(error),
    });
    sealers.push(sealer);
    await knex.raw('ALTER TABLE audit_seals RENAME TO hidden_seals');
    while (faults.length === 0) await knex.raw('SELECT pg_sleep(0.005)');
    await knex.raw('ALTER TABLE hidden_seals RENAME TO audit_seals');
    await write(knex, 1);
    while ((await sealedIds()).length === 0) await knex.raw('SELECT pg_sleep(0.005)');
    await sealer.close();
    await sealer.close();
    expect(faults[0]?.message).toMatch(/audit_seals/);
  });

  test('after a restore into another server the chain goes on and covers the old tail', async () => {
    const sealer = manualSealer();
    await write(knex, 2);
    await sealAll(sealer);
    // As pg_dump and pg_restore leave it: the last seal names another server, and so do the
    // transaction ids; row 3 was not sealed there yet, row 4 is the first one written here.
    const far = '9000000000000';
    await tamper(`DELETE FROM audit_seals;
      INSERT INTO audit_entries OVERRIDING SYSTEM VALUE
      SELECT (jsonb_populate_record(e, jsonb_build_object('id', 3, 'xid', '${far}'))).*
      FROM audit_entries e WHERE id = 2;
      SELECT setval('audit_entries_id_seq', 3)`);
    await sealAsElsewhere(far);
    await write(knex, 1);
    expect(await verifyAudit(knex, ring)).toMatchObject({ fault: null, tail: { rows: 2 } });

    await write(knex, 3);
    await sealAll(manualSealer());
    const report = await verifyAudit(knex, ring);
    expect(report).toMatchObject({ fault: null, sealedRows: 7, tail: { rows: 0 } });
    expect((await sealedIds()).toSorted()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(await faultAfter('DELETE FROM audit_entries WHERE id = 3')).toMatchObject({
      kind: 'row_missing',
      entryId: '3',
    });
  });
});

/** Seals the record so far under another server's name, as if it had been sealed there. */
async function sealAsElsewhere(xid: string): Promise<void> {
  const rows = await knex.raw<{ rows: AuditRow[] }>(
    `SELECT ${AUDIT_ROW_COLUMNS} FROM audit_entries e WHERE e.id < 3 ORDER BY e.id`,
  );
  const seal: Seal = {
    number: '1',
    sealedAtMs: 1_700_000_000_000,
    databaseId: 'another-server',
    afterId: '0',
    fromXid: '0',
    toXid: xid,
    ids: rows.rows.map((row) => row.id),
    digests: Buffer.concat(rows.rows.map(digestOf)),
  };
  const { id, key } = await ring.current('sealing');
  await knex.raw(
    `INSERT INTO audit_seals VALUES (?, to_timestamp(?::bigint / 1000.0), ?, 0, '0', ?::xid8,
       ?::bigint[], ?, ?, ?)`,
    [
      seal.number,
      seal.sealedAtMs,
      seal.databaseId,
      seal.toXid,
      [...seal.ids],
      seal.digests,
      id,
      linkOf(key, Buffer.alloc(32), seal),
    ],
  );
}

describe('verification names what was done', () => {
  beforeEach(async () => {
    const sealer = manualSealer();
    for (let i = 0; i < 3; i += 1) {
      await write(knex, 3);
      await sealAll(sealer);
    }
  });

  test.each([
    ['an actor', `UPDATE audit_entries SET actor_id = gen_random_uuid() WHERE id IN (5, 8)`],
    ['a time by a microsecond', `UPDATE audit_entries SET at = at + '1 us' WHERE id = 5`],
    ['an outcome', `UPDATE audit_entries SET outcome = 'denied' WHERE id = 5`],
    ['a code', `UPDATE audit_entries SET changes = '{"n": 4}' WHERE id = 5`],
    [
      'a value into another column',
      `UPDATE audit_entries SET action = 'x', request_id = 'y'
       WHERE id = 5`,
    ],
  ])('a changed row: %s', async (_what, sql) => {
    expect(await faultAfter(sql)).toEqual({ kind: 'row_changed', entryId: '5', sealNumber: '2' });
  });

  test('a removed row', async () => {
    expect(await faultAfter('DELETE FROM audit_entries WHERE id = 4')).toEqual({
      kind: 'row_missing',
      entryId: '4',
      sealNumber: '2',
    });
  });

  test('an inserted row', async () => {
    const sql = `INSERT INTO audit_entries OVERRIDING SYSTEM VALUE
      SELECT (jsonb_populate_record(e, '{"id": 99}')).* FROM audit_entries e WHERE id = 5`;
    expect(await faultAfter(sql)).toEqual({ kind: 'row_inserted', entryId: '99' });
  });

  test('a row changed together with its digest in the seal', async () => {
    const sql = `UPDATE audit_entries SET action = 'x' WHERE id = 5;
      UPDATE audit_seals SET digests = decode(repeat('00', 96), 'hex') WHERE number = 2`;
    expect(await faultAfter(sql)).toEqual({ kind: 'seal_changed', sealNumber: '2' });
  });

  test('a removed seal, and a row hidden with its seal', async () => {
    const sql = 'DELETE FROM audit_seals WHERE number = 2; DELETE FROM audit_entries WHERE id = 5';
    expect(await faultAfter(sql)).toEqual({ kind: 'seal_missing', sealNumber: '2' });
  });

  test('a whole chain made anew without the key', async () => {
    const stranger = await ephemeralKeyRing();
    await tamper('DELETE FROM audit_seals; DELETE FROM audit_entries WHERE id = 5');
    const forger = createSealer(knex, stranger, { intervalMs: 3_600_000 });
    sealers.push(forger);
    while ((await sealedIds()).length < 8) await forger.sealNow();
    expect((await verifyAudit(knex, ring)).fault).toEqual({
      kind: 'seal_changed',
      sealNumber: '1',
    });
  });

  test('a chain that was cut and grown again does not contain the noted head', async () => {
    const faults: Error[] = [];
    const sealer = manualSealer({ onFault: (error) => faults.push(error) });
    await write(knex, 1);
    await sealAll(sealer);
    const noted = (await verifyAudit(knex, ring)).head!;
    expect((await verifyAudit(knex, ring, noted)).fault).toBeNull();
    await tamper(
      'DELETE FROM audit_seals WHERE number > 1; DELETE FROM audit_entries WHERE id > 3',
    );
    await write(knex, 1);
    await sealAll(sealer);
    expect((await verifyAudit(knex, ring)).fault).toBeNull();
    expect((await verifyAudit(knex, ring, noted)).fault).toEqual({
      kind: 'head_missing',
      sealNumber: noted.number,
    });
    // The sealer that ran all along has noticed by itself.
    expect(faults).toHaveLength(1);
  });

  test('the tail that no seal covers yet is told', async () => {
    await write(knex, 2);
    const report = await verifyAudit(knex, ring);
    expect(report).toMatchObject({ fault: null, sealedRows: 9, tail: { rows: 2 } });
    expect(report.tail.sinceMs).toBeGreaterThan(Date.now() - 600_000);
  });
});
