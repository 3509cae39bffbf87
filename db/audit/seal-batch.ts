import type { Knex } from 'knex';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { AUDIT_ROW_COLUMNS, digestOf, linkOf } from './digest.ts';
import type { AuditRow, Seal } from './digest.ts';

export interface ChainHead {
  readonly number: string;
  readonly chain: Buffer;
}

export interface SealedBatch {
  readonly head: ChainHead | null;
  readonly rows: number;
  /** More rows are waiting than one seal takes. */
  readonly hasMore: boolean;
}

/** Where the chain ends, and which transactions are certainly over. */
interface Position {
  number: string | null;
  chain: Buffer | null;
  sealed_database_id: string | null;
  after_id: string;
  to_xid: string;
  database_id: string;
  horizon: string;
  now_ms: string;
}

/** A stretch of the record that no transaction can add to any more. */
interface Stretch {
  readonly afterId: string;
  readonly fromXid: string;
  readonly toXid: string;
  readonly rows: readonly AuditRow[];
  readonly hasMore: boolean;
}

const LEADER_LOCK = 'holdfast:audit-sealer';
const FIRST_LINK = Buffer.alloc(32);

/**
 * Seals the rows that are final and not sealed yet, up to about `maxRows`. One process does it
 * at a time; null means that another one is at it.
 */
export async function sealBatch(
  knex: Knex,
  keyRing: KeyRing,
  maxRows: number,
): Promise<SealedBatch | null> {
  return knex.transaction(async (trx) => {
    const lock = await trx.raw<{ rows: [{ locked: boolean }] }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS locked',
      [LEADER_LOCK],
    );
    if (!lock.rows[0].locked) return null;
    const position = await readPosition(trx);
    const before = headOf(position);
    const isRestored =
      position.sealed_database_id !== null && position.sealed_database_id !== position.database_id;
    const stretch = isRestored
      ? await restoredStretch(trx)
      : await finalStretch(trx, position, maxRows);
    if (stretch.rows.length === 0 && !isRestored) return { head: before, rows: 0, hasMore: false };
    const head = await insertSeal(trx, keyRing, position, stretch);
    return { head, rows: stretch.rows.length, hasMore: stretch.hasMore };
  });
}

function headOf({ number, chain }: Position): ChainHead | null {
  return number === null || chain === null ? null : { number, chain };
}

async function readPosition(trx: Knex.Transaction): Promise<Position> {
  const { rows } = await trx.raw<{ rows: [Position] }>(`
    SELECT last.number::text, last.chain, last.database_id AS sealed_database_id,
      coalesce(last.after_id, 0)::text AS after_id, coalesce(last.to_xid::text, '0') AS to_xid,
      (pg_control_system()).system_identifier::text AS database_id,
      pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
      (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now_ms
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (SELECT * FROM audit_seals ORDER BY number DESC LIMIT 1) AS last ON true`);
  return rows[0];
}

/**
 * Every transaction below the horizon is over, so the rows below it are final. Ids would not
 * do: a transaction that commits late may hold a lower one.
 */
async function finalStretch(
  trx: Knex.Transaction,
  position: Position,
  maxRows: number,
): Promise<Stretch> {
  const { after_id: afterId, to_xid: fromXid, horizon } = position;
  const rows = await rowsBetween(trx, afterId, fromXid, horizon, maxRows + 1);
  const surplus = rows[maxRows];
  if (surplus === undefined) return { afterId, fromXid, toXid: horizon, rows, hasMore: false };
  const whole = rows.filter((row) => row.xid !== surplus.xid);
  if (whole.length > 0) {
    return { afterId, fromXid, toXid: surplus.xid, rows: whole, hasMore: true };
  }
  // One transaction wrote more rows than a batch holds; a transaction is never split.
  const toXid = String(BigInt(surplus.xid) + 1n);
  const all = await rowsBetween(trx, afterId, fromXid, toXid, null);
  return { afterId, fromXid, toXid, rows: all, hasMore: true };
}

async function rowsBetween(
  trx: Knex.Transaction,
  afterId: string,
  fromXid: string,
  toXid: string,
  limit: number | null,
): Promise<AuditRow[]> {
  const { rows } = await trx.raw<{ rows: AuditRow[] }>(
    `SELECT ${AUDIT_ROW_COLUMNS} FROM audit_entries e
     WHERE e.xid >= ?::xid8 AND e.xid < ?::xid8 AND e.id > ? ORDER BY e.xid, e.id LIMIT ?`,
    [fromXid, toXid, afterId, limit],
  );
  return rows;
}

/**
 * After a restore into another server transactions are counted anew. With all writers kept
 * out for a moment, everything that is there is final: it is sealed whatever its transaction,
 * and later rows are told apart by their ids.
 */
async function restoredStretch(trx: Knex.Transaction): Promise<Stretch> {
  await trx.raw('LOCK TABLE audit_entries IN SHARE ROW EXCLUSIVE MODE');
  // The planner can't know how many ids the seals hold; a loop over them is quadratic.
  await trx.raw('SET LOCAL enable_nestloop = off');
  const { rows } = await trx.raw<{ rows: AuditRow[] }>(`
    SELECT ${AUDIT_ROW_COLUMNS} FROM (
      SELECT e.* FROM (SELECT unnest(ids) AS id FROM audit_seals) AS sealed
      RIGHT JOIN audit_entries e ON e.id = sealed.id WHERE sealed.id IS NULL
    ) AS e ORDER BY e.id`);
  const last = await trx.raw<{ rows: [{ after_id: string; horizon: string }] }>(`
    SELECT coalesce(max(id), 0)::text AS after_id,
      pg_snapshot_xmin(pg_current_snapshot())::text AS horizon FROM audit_entries`);
  const { after_id: afterId, horizon } = last.rows[0];
  return { afterId, fromXid: horizon, toXid: horizon, rows, hasMore: false };
}

async function insertSeal(
  trx: Knex.Transaction,
  keyRing: KeyRing,
  position: Position,
  stretch: Stretch,
): Promise<ChainHead> {
  const seal: Seal = {
    number: String(BigInt(position.number ?? 0) + 1n),
    sealedAtMs: Number(position.now_ms),
    databaseId: position.database_id,
    afterId: stretch.afterId,
    fromXid: stretch.fromXid,
    toXid: stretch.toXid,
    ids: stretch.rows.map((row) => row.id),
    digests: Buffer.concat(stretch.rows.map(digestOf)),
  };
  const { id, key } = await keyRing.current('sealing');
  const chain = linkOf(key, position.chain ?? FIRST_LINK, seal);
  await trx.raw(
    `INSERT INTO audit_seals (number, sealed_at, database_id, after_id, from_xid, to_xid, ids,
       digests, key_id, chain)
     VALUES (?, to_timestamp(?::bigint / 1000.0), ?, ?, ?::xid8, ?::xid8, ?::bigint[], ?, ?, ?)`,
    [
      seal.number,
      seal.sealedAtMs,
      seal.databaseId,
      seal.afterId,
      seal.fromXid,
      seal.toXid,
      [...seal.ids],
      seal.digests,
      id,
      chain,
    ],
  );
  return { number: seal.number, chain };
}
