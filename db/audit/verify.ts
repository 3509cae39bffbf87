import type { Knex } from 'knex';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { AUDIT_ROW_COLUMNS, DIGEST_BYTES, digestOf, linkOf } from './digest.ts';
import type { AuditRow, Seal } from './digest.ts';

/** The first thing that is wrong, in the order in which the record was sealed. */
export type AuditFault =
  | { readonly kind: 'row_changed'; readonly entryId: string; readonly sealNumber: string }
  | { readonly kind: 'row_missing'; readonly entryId: string; readonly sealNumber: string }
  | { readonly kind: 'row_inserted'; readonly entryId: string }
  | { readonly kind: 'seal_changed'; readonly sealNumber: string }
  | { readonly kind: 'seal_missing'; readonly sealNumber: string }
  | { readonly kind: 'head_missing'; readonly sealNumber: string };

export interface AuditReport {
  readonly fault: AuditFault | null;
  readonly seals: number;
  readonly sealedRows: number;
  /** The last good seal: noted elsewhere, it later proves that the chain was not shortened. */
  readonly head: { readonly number: string; readonly chain: string } | null;
  /** Rows that no seal covers yet, and since when (epoch ms). */
  readonly tail: { readonly rows: number; readonly sinceMs: number | null };
}

export interface ExpectedHead {
  readonly number: string;
  /** Hexadecimal. */
  readonly chain: string;
}

interface SealRow {
  number: string;
  sealed_at_ms: string;
  database_id: string;
  after_id: string;
  from_xid: string;
  to_xid: string;
  ids: string[];
  digests: Buffer;
  key_id: string;
  chain: Buffer;
}

interface LastSeal {
  after_id: string;
  to_xid: string;
  is_here: boolean;
}

interface Progress {
  fault: AuditFault | null;
  seals: number;
  sealedRows: number;
  last: SealRow | null;
  expectedSeen: boolean;
}

const SEALS_PER_PAGE = 50;

/**
 * Recomputes the whole chain from the rows, in one snapshot. `expected` is a head noted
 * earlier; a chain that doesn't contain it was cut and regrown.
 */
export async function verifyAudit(
  knex: Knex,
  keyRing: KeyRing,
  expected?: ExpectedHead,
): Promise<AuditReport> {
  return knex.transaction(
    async (trx) => {
      await trx.raw('SET LOCAL statement_timeout = 0');
      await trx.raw('SET LOCAL idle_in_transaction_session_timeout = 0');
      // The planner can't know how many ids the seals hold; a loop over them is quadratic.
      await trx.raw('SET LOCAL enable_nestloop = off');
      const progress = await walkChain(trx, keyRing, expected);
      progress.fault ??= missingHead(progress, expected) ?? (await insertedRow(trx));
      const { fault, seals, sealedRows, last } = progress;
      const head = last && { number: last.number, chain: last.chain.toString('hex') };
      return { fault, seals, sealedRows, head, tail: await tailOf(trx) };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

async function walkChain(
  trx: Knex.Transaction,
  keyRing: KeyRing,
  expected: ExpectedHead | undefined,
): Promise<Progress> {
  const progress: Progress = {
    fault: null,
    seals: 0,
    sealedRows: 0,
    last: null,
    expectedSeen: false,
  };
  for (;;) {
    const page = await sealsAfter(trx, progress.last?.number ?? '0');
    if (page.length === 0) return progress;
    const rows = await rowsOf(trx, page);
    for (const seal of page) {
      const fault = (await faultOfSeal(keyRing, progress.last, seal)) ?? faultOfRows(rows, seal);
      if (fault !== null) return { ...progress, fault };
      progress.last = seal;
      progress.seals += 1;
      progress.sealedRows += seal.ids.length;
      const isExpected = seal.number === expected?.number;
      if (isExpected && seal.chain.toString('hex') === expected.chain) progress.expectedSeen = true;
    }
  }
}

async function sealsAfter(trx: Knex.Transaction, number: string): Promise<SealRow[]> {
  const { rows } = await trx.raw<{ rows: SealRow[] }>(
    `SELECT number::text, (extract(epoch FROM sealed_at) * 1000)::bigint::text AS sealed_at_ms,
       database_id, after_id::text, from_xid::text, to_xid::text, ids::text[], digests, key_id, chain
     FROM audit_seals s WHERE s.number > ? ORDER BY s.number LIMIT ?`,
    [number, SEALS_PER_PAGE],
  );
  return rows;
}

async function rowsOf(
  trx: Knex.Transaction,
  seals: readonly SealRow[],
): Promise<Map<string, AuditRow>> {
  const { rows } = await trx.raw<{ rows: AuditRow[] }>(
    `SELECT ${AUDIT_ROW_COLUMNS} FROM audit_entries e WHERE e.id = ANY(?::bigint[])`,
    [seals.flatMap((seal) => seal.ids)],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function sealOf(row: SealRow): Seal {
  return {
    number: row.number,
    sealedAtMs: Number(row.sealed_at_ms),
    databaseId: row.database_id,
    afterId: row.after_id,
    fromXid: row.from_xid,
    toXid: row.to_xid,
    ids: row.ids,
    digests: row.digests,
  };
}

async function faultOfSeal(
  keyRing: KeyRing,
  last: SealRow | null,
  row: SealRow,
): Promise<AuditFault | null> {
  const due = String(BigInt(last?.number ?? 0) + 1n);
  if (row.number !== due) return { kind: 'seal_missing', sealNumber: due };
  const isOwnKey = keyRing.isOwnId('sealing', row.key_id);
  if (!isOwnKey) return { kind: 'seal_changed', sealNumber: row.number };
  const key = await keyRing.get('sealing', row.key_id);
  const link = linkOf(key, last?.chain ?? Buffer.alloc(DIGEST_BYTES), sealOf(row));
  return link.equals(row.chain) ? null : { kind: 'seal_changed', sealNumber: row.number };
}

function faultOfRows(rows: ReadonlyMap<string, AuditRow>, seal: SealRow): AuditFault | null {
  for (const [index, entryId] of seal.ids.entries()) {
    const row = rows.get(entryId);
    if (row === undefined) return { kind: 'row_missing', entryId, sealNumber: seal.number };
    const sealed = seal.digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    if (!digestOf(row).equals(sealed)) {
      return { kind: 'row_changed', entryId, sealNumber: seal.number };
    }
  }
  return null;
}

function missingHead(progress: Progress, expected: ExpectedHead | undefined): AuditFault | null {
  if (expected === undefined || progress.expectedSeen) return null;
  return { kind: 'head_missing', sealNumber: expected.number };
}

/** Every row beside its mention in a seal, if any. */
const ENTRIES = `
  (SELECT unnest(ids) AS id FROM audit_seals) AS sealed
  RIGHT JOIN audit_entries e ON e.id = sealed.id`;

/**
 * Which rows the next seal may still take. Right after a restore into another server that is
 * every unsealed row, since the seals say nothing about transactions that are counted anew.
 */
async function tailCondition(trx: Knex.Transaction): Promise<{ sql: string; bindings: string[] }> {
  const { rows } = await trx.raw<{ rows: LastSeal[] }>(
    `SELECT after_id::text, to_xid::text,
       database_id = (pg_control_system()).system_identifier::text AS is_here
     FROM audit_seals ORDER BY number DESC LIMIT 1`,
  );
  const last = rows[0];
  if (last === undefined) return { sql: 'true', bindings: [] };
  if (!last.is_here) return { sql: '(sealed.id IS NULL)', bindings: [] };
  return { sql: '(e.id > ? AND e.xid >= ?::xid8)', bindings: [last.after_id, last.to_xid] };
}

/** A row that lies where everything was final when it was sealed, yet is in no seal. */
async function insertedRow(trx: Knex.Transaction): Promise<AuditFault | null> {
  const tail = await tailCondition(trx);
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT e.id::text FROM ${ENTRIES}
     WHERE NOT ${tail.sql} AND sealed.id IS NULL ORDER BY e.id LIMIT 1`,
    tail.bindings,
  );
  return rows[0] === undefined ? null : { kind: 'row_inserted', entryId: rows[0].id };
}

async function tailOf(trx: Knex.Transaction): Promise<AuditReport['tail']> {
  const tail = await tailCondition(trx);
  const { rows } = await trx.raw<{ rows: [{ count: number; since_ms: string | null }] }>(
    `SELECT count(*)::int AS count,
       (extract(epoch FROM min(e.at)) * 1000)::bigint::text AS since_ms
     FROM ${ENTRIES} WHERE ${tail.sql}`,
    tail.bindings,
  );
  const { count, since_ms: since } = rows[0];
  return { rows: count, sinceMs: since === null ? null : Number(since) };
}
