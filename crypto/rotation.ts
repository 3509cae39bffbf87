import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { registerFieldKey, unwrapDataKey, wrapDataKey } from './data-keys.ts';
import type { KeyRing, SymmetricKey } from './key-ring.ts';

export interface FieldRotation {
  /** False when an interrupted rotation was finished instead of starting another. */
  readonly isNew: boolean;
  readonly keyId: string;
  readonly rewrapped: number;
  readonly retired: readonly string[];
}

export interface FieldRotationOptions {
  readonly batchSize?: number;
  readonly onProgress?: (rewrapped: number) => void;
}

interface OldRow {
  purpose: string;
  object_id: string;
  key_id: string;
  wrapped: Buffer;
}

const BATCH_SIZE = 500;
const LOCK_NAME = 'holdfast:keys-rotate';

/**
 * Makes a new field key current, rewraps every data key under it and retires the old ones.
 * Safe beside running processes; killed at any point, the next call finishes the work.
 * Throws `wrong_state` when another rotation is running.
 */
export async function rotateFieldKey(
  knex: Knex,
  keyRing: KeyRing,
  options: FieldRotationOptions = {},
): Promise<FieldRotation> {
  return withRotationLock(knex, async () => {
    await keyRing.refresh();
    const isNew = keyRing.ids('fields').length === 1;
    if (isNew) await keyRing.rotate('fields');
    const current = await keyRing.current('fields');
    await registerFieldKey(knex, current.id);
    const rewrapped = await rewrapAll(knex, keyRing, current, options);
    const retired = keyRing.ids('fields').filter((id) => id !== current.id);
    await retireInDatabase(knex, keyRing, current, retired);
    await keyRing.retire('fields', retired);
    return { isNew, keyId: current.id, rewrapped, retired };
  });
}

/** The lock lives on a connection of its own and goes with the process that held it. */
async function withRotationLock<T>(knex: Knex, work: () => Promise<T>): Promise<T> {
  return knex.transaction(async (trx) => {
    await trx.raw('SET LOCAL idle_in_transaction_session_timeout = 0');
    const result = await trx.raw<{ rows: [{ locked: boolean }] }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS locked',
      [LOCK_NAME],
    );
    if (!result.rows[0].locked) {
      throw new HoldfastError('wrong_state', 'Another key rotation is running');
    }
    return work();
  });
}

async function rewrapAll(
  knex: Knex,
  keyRing: KeyRing,
  current: SymmetricKey,
  options: FieldRotationOptions,
): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await knex.transaction((trx) =>
      rewrapBatch(trx, keyRing, current, options.batchSize ?? BATCH_SIZE),
    );
    if (count === 0) return total;
    total += count;
    options.onProgress?.(total);
  }
}

async function rewrapBatch(
  trx: Knex.Transaction,
  keyRing: KeyRing,
  current: SymmetricKey,
  batchSize: number,
): Promise<number> {
  const { rows } = await trx.raw<{ rows: OldRow[] }>(
    `SELECT purpose, object_id, key_id, wrapped FROM data_keys
     WHERE key_id IN (SELECT id FROM field_keys WHERE id <> ?) LIMIT ? FOR UPDATE`,
    [current.id, batchSize],
  );
  if (rows.length === 0) return 0;
  const wrapped: Buffer[] = [];
  for (const row of rows) wrapped.push(await rewrap(keyRing, current, row));
  await trx.raw(
    `UPDATE data_keys k SET key_id = ?, wrapped = n.wrapped
     FROM unnest(?::text[], ?::uuid[], ?::bytea[]) AS n (purpose, object_id, wrapped)
     WHERE k.purpose = n.purpose AND k.object_id = n.object_id`,
    [current.id, rows.map((row) => row.purpose), rows.map((row) => row.object_id), wrapped],
  );
  return rows.length;
}

async function rewrap(keyRing: KeyRing, current: SymmetricKey, row: OldRow): Promise<Buffer> {
  const owner = { purpose: row.purpose, objectId: row.object_id };
  const old = { id: row.key_id, key: await keyRing.get('fields', row.key_id) };
  const clear = unwrapDataKey(old, owner, row.wrapped);
  if (clear === null) {
    throw new HoldfastError('internal', `The data key of a ${row.purpose} does not open: tampered`);
  }
  return wrapDataKey(current, owner, clear);
}

/**
 * The table lock waits for every transaction that is making a data key, and is fair: those
 * that come later queue behind it and then find the old field keys retired. So what is
 * rewrapped here is all there can ever be. A key that never wrapped anything gets its
 * tombstone too.
 */
async function retireInDatabase(
  knex: Knex,
  keyRing: KeyRing,
  current: SymmetricKey,
  ids: readonly string[],
): Promise<void> {
  await knex.transaction(async (trx) => {
    await trx.raw('LOCK TABLE field_keys IN EXCLUSIVE MODE');
    await trx.raw(
      `INSERT INTO field_keys (id, retired_at)
       SELECT id, now() FROM unnest(?::text[]) AS old (id)
       ON CONFLICT (id) DO UPDATE
       SET retired_at = coalesce(field_keys.retired_at, excluded.retired_at)`,
      [[...ids]],
    );
    while ((await rewrapBatch(trx, keyRing, current, BATCH_SIZE)) > 0);
  });
}
