import type { Knex } from 'knex';

/** A request made repeatable: the key belongs to one caller and one route. */
export interface RequestKey {
  readonly caller: string;
  readonly route: string;
  readonly key: string;
}

export interface KeyClaim extends RequestKey {
  readonly bodyHash: Buffer;
  /** The id for the object that the request creates, if the key is new. */
  readonly newObjectId: string;
  /** How long others wait for this attempt before they take it to be lost. */
  readonly lockMs: number;
}

export type ClaimOutcome =
  /** The caller runs the request; `objectId` is the first attempt's when there was one. */
  | { readonly kind: 'claimed'; readonly objectId: string; readonly isRetry: boolean }
  | { readonly kind: 'answered'; readonly status: number; readonly response: Buffer }
  | { readonly kind: 'other_body' }
  /** Another attempt is running now. */
  | { readonly kind: 'running' };

/** Claims a key in one round trip where it is new or its last attempt was lost. */
export async function claimKey(db: Knex, claim: KeyClaim): Promise<ClaimOutcome> {
  const { caller, route, key, bodyHash, newObjectId, lockMs } = claim;
  const { rows } = await db.raw<{ rows: { object_id: string; is_retry: boolean }[] }>(
    `INSERT INTO idempotency_keys AS known (caller, route, key, body_hash, object_id, locked_until)
     VALUES (?, ?, ?, ?, ?, now() + ? * interval '1 millisecond')
     ON CONFLICT (caller, route, key) DO UPDATE SET locked_until = excluded.locked_until
       WHERE known.status IS NULL AND known.body_hash = excluded.body_hash
         AND (known.locked_until IS NULL OR known.locked_until <= now())
     RETURNING object_id, xmax <> 0 AS is_retry`,
    [caller, route, key, bodyHash, newObjectId, lockMs],
  );
  const [row] = rows;
  if (row !== undefined) return { kind: 'claimed', objectId: row.object_id, isRetry: row.is_retry };
  return findOutcome(db, claim);
}

interface KnownRow {
  readonly body_hash: Buffer;
  readonly status: number | null;
  readonly response: Buffer | null;
}

async function findOutcome(db: Knex, claim: KeyClaim): Promise<ClaimOutcome> {
  const { rows } = await db.raw<{ rows: KnownRow[] }>(
    `SELECT body_hash, status, response FROM idempotency_keys
     WHERE caller = ? AND route = ? AND key = ?`,
    [claim.caller, claim.route, claim.key],
  );
  const [row] = rows;
  if (row === undefined) return { kind: 'running' };
  if (!row.body_hash.equals(claim.bodyHash)) return { kind: 'other_body' };
  if (row.status === null || row.response === null) return { kind: 'running' };
  return { kind: 'answered', status: row.status, response: row.response };
}

/** Keeps the answer of a claimed key for those who ask again. */
export async function keepAnswer(
  db: Knex,
  { caller, route, key }: RequestKey,
  answer: { readonly status: number; readonly response: Buffer },
): Promise<void> {
  await db.raw(
    `UPDATE idempotency_keys SET status = ?, response = ?, locked_until = NULL
     WHERE caller = ? AND route = ? AND key = ?`,
    [answer.status, answer.response, caller, route, key],
  );
}

/** Gives a claimed key back unanswered: the next attempt runs, with the same object's id. */
export async function releaseKey(db: Knex, { caller, route, key }: RequestKey): Promise<void> {
  await db.raw(
    `UPDATE idempotency_keys SET locked_until = NULL
     WHERE caller = ? AND route = ? AND key = ? AND status IS NULL`,
    [caller, route, key],
  );
}

/** Forgets keys older than `ageMs`; returns how many. */
export async function forgetOldKeys(db: Knex, ageMs: number): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM idempotency_keys WHERE created_at < now() - ? * interval '1 millisecond'`,
    [ageMs],
  );
  return rowCount;
}

/** Tells those who wait that the attempt is still alive. */
export async function extendLock(
  db: Knex,
  { caller, route, key }: RequestKey,
  lockMs: number,
): Promise<void> {
  await db.raw(
    `UPDATE idempotency_keys SET locked_until = now() + ? * interval '1 millisecond'
     WHERE caller = ? AND route = ? AND key = ? AND status IS NULL`,
    [lockMs, caller, route, key],
  );
}
