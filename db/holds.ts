import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import type { SessionRow } from './sessions.ts';

/** What became of a hold: its row alone decides whether its key was used in time. */
export type HoldStanding = 'open' | 'confirmed' | 'released';

export interface Hold {
  readonly id: string;
  readonly clinicId: string;
  readonly standing: HoldStanding;
  readonly expiresAt: Date;
  /** What it holds, in the order of their starts. */
  readonly sessions: readonly SessionRow[];
}

export interface NewHold {
  readonly id: string;
  readonly clinicId: string;
  readonly keyHash: Buffer;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly createdBy: string;
}

/** The hold of a batch of sessions, in their transaction. */
export async function insertHold(trx: Knex.Transaction, hold: NewHold): Promise<void> {
  await trx.raw(
    `INSERT INTO holds (id, clinic_id, key_hash, expires_at, created_by) VALUES (?, ?, ?, ?, ?)`,
    [hold.id, hold.clinicId, hold.keyHash, new Date(hold.expiresAt), hold.createdBy],
  );
}

interface HoldRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly standing: HoldStanding;
  readonly expires_at: Date;
}

/** The hold that a key opens; null for a key that opens none. */
export function findHoldByKey(knex: Knex, keyHash: Buffer): Promise<Hold | null> {
  return findHold(knex, 'key_hash', keyHash);
}

export function findHoldById(knex: Knex, id: string): Promise<Hold | null> {
  return findHold(knex, 'id', id);
}

async function findHold(
  knex: Knex,
  column: 'id' | 'key_hash',
  value: string | Buffer,
): Promise<Hold | null> {
  const row: HoldRow | undefined = await knex('holds').where(column, value).first();
  if (row === undefined) return null;
  const sessions: SessionRow[] = await knex('sessions')
    .where({ hold_id: row.id })
    .orderBy(['starts_at', 'id']);
  const { id, clinic_id: clinicId, standing, expires_at: expiresAt } = row;
  return { id, clinicId, standing, expiresAt, sessions };
}

/** A holder who never heard the key gets another; the old one opens nothing any more. */
export async function replaceHoldKey(knex: Knex, id: string, keyHash: Buffer): Promise<void> {
  await knex('holds').where({ id }).update({ key_hash: keyHash });
}

/**
 * Confirms a hold in one step for all of its sessions: from here on their times bind until each
 * session moves on. By the database's clock; a hold that was confirmed before stays so. Resolves
 * to the sessions that have lost their time, in which case the caller must roll back.
 */
export async function confirmHold(trx: Knex.Transaction, hold: Hold): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { standing: HoldStanding; is_over: boolean }[] }>(
    `SELECT standing, expires_at <= clock_timestamp() AS is_over FROM holds WHERE id = ? FOR UPDATE`,
    [hold.id],
  );
  const current = rows[0];
  const ids = hold.sessions.map(({ id }) => id);
  if (current?.standing === 'confirmed') return [];
  if (current === undefined || current.standing === 'released' || current.is_over) return ids;
  const bound = await bindClaims(trx, ids);
  await trx.raw(`UPDATE holds SET standing = 'confirmed', settled_at = now() WHERE id = ?`, [
    hold.id,
  ]);
  return ids.filter((id) => !bound.has(id));
}

/** The sessions that are still held, every claim of theirs included. */
async function bindClaims(
  trx: Knex.Transaction,
  sessionIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await trx.raw<{ rows: { session_id: string }[] }>(
    `WITH bound AS (
       UPDATE claims SET expires_at = NULL
       WHERE session_id = ANY (:ids) AND state = 'active' AND slot = 'current'
         AND expires_at > clock_timestamp()
       RETURNING session_id)
     SELECT bound.session_id FROM bound JOIN sessions ON sessions.id = bound.session_id
     WHERE sessions.status = 'held'
     GROUP BY bound.session_id, sessions.client_id
     HAVING count(*) = CASE WHEN sessions.client_id IS NULL THEN 1 ELSE 2 END`,
    { ids: [...sessionIds] },
  );
  return new Set(rows.map((row) => row.session_id));
}

/** Gives a hold up unless it was confirmed; says which of the two it is for good. */
export async function releaseUnconfirmed(
  knex: Knex,
  sessionId: string,
): Promise<'confirmed' | 'released'> {
  await knex.raw(
    `UPDATE holds SET standing = 'released', settled_at = now()
     WHERE standing = 'open' AND id = (SELECT hold_id FROM sessions WHERE id = ?)`,
    [sessionId],
  );
  const { rows } = await knex.raw<{ rows: { standing: HoldStanding | null }[] }>(
    `SELECT holds.standing FROM sessions LEFT JOIN holds ON holds.id = sessions.hold_id
     WHERE sessions.id = ?`,
    [sessionId],
  );
  if (rows[0] === undefined) throw new HoldfastError('not_found', 'No such session.');
  return rows[0].standing === 'confirmed' ? 'confirmed' : 'released';
}
