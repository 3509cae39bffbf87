import type { Knex } from 'knex';

/** A stretch of one person's calendar that a session wants, buffers included. Epoch ms, half-open. */
export interface ClaimWish {
  readonly personId: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface ClaimOptions {
  readonly slot: 'current' | 'proposed';
  /** When the claim stops binding unless the session moves on; null binds until released. */
  readonly expiresAtMs: number | null;
}

const WISHES = `SELECT person_id, tstzrange(to_timestamp(start_ms / 1000.0), to_timestamp(end_ms / 1000.0)) AS during
  FROM unnest(?::uuid[], ?::float8[], ?::float8[]) AS wish (person_id, start_ms, end_ms)`;

/** The columns of the wishes, in the (person, start) order in which every caller claims. */
export function inClaimOrder(wishes: readonly ClaimWish[]): [string[], number[], number[]] {
  const ordered = wishes.toSorted(
    (a, b) => a.personId.localeCompare(b.personId) || a.startMs - b.startMs,
  );
  return [
    ordered.map((wish) => wish.personId),
    ordered.map((wish) => wish.startMs),
    ordered.map((wish) => wish.endMs),
  ];
}

/**
 * Claims all of a session's stretches in one statement, in (person, start) order, without
 * ever raising an exclusion error. True when every wish was granted; on false the caller
 * must roll back, since some of the wishes may have been granted.
 */
export async function tryClaim(
  trx: Knex.Transaction,
  sessionId: string,
  wishes: readonly ClaimWish[],
  options: ClaimOptions,
): Promise<boolean> {
  const expiresAt = options.expiresAtMs === null ? null : new Date(options.expiresAtMs);
  const result = await trx.raw(
    `INSERT INTO claims (person_id, session_id, during, slot, expires_at)
       SELECT person_id, ?::uuid, during, ?, ?::timestamptz FROM (${WISHES}) wishes
       ORDER BY person_id, lower(during)
       ON CONFLICT DO NOTHING`,
    [sessionId, options.slot, expiresAt, ...inClaimOrder(wishes)],
  );
  // Prepared once for each connection: under contention, planning would cost more than the insert.;
  return result.rowCount === wishes.length;
}

/**
 * Releases holds that are over and stand in the way, in a transaction of its own: doing it
 * inside the claiming transaction brings deadlocks. Returns how many were released.
 */
export async function releaseExpiredInTheWay(
  knex: Knex,
  wishes: readonly ClaimWish[],
): Promise<number> {
  const result = await knex.raw(
    `UPDATE claims SET state = 'released' WHERE id IN (
       SELECT claims.id FROM claims JOIN (${WISHES}) wishes
         ON claims.person_id = wishes.person_id AND claims.during && wishes.during
       WHERE claims.state = 'active' AND claims.expires_at <= clock_timestamp()
       FOR UPDATE OF claims SKIP LOCKED)`,
    inClaimOrder(wishes),
  );
  return result.rowCount;
}

/** Whose calendar refuses the wishes; another session's claims only. */
export async function peopleInTheWay(
  knex: Knex,
  sessionId: string,
  wishes: readonly ClaimWish[],
): Promise<string[]> {
  const result = await knex.raw(
    `SELECT DISTINCT claims.person_id FROM claims JOIN (${WISHES}) wishes
       ON claims.person_id = wishes.person_id AND claims.during && wishes.during
     WHERE claims.state = 'active' AND claims.session_id <> ?`,
    [...inClaimOrder(wishes), sessionId],
  );
  return result.rows.map((row: { person_id: string }) => row.person_id);
}

export async function releaseClaims(
  trx: Knex.Transaction,
  sessionId: string,
  slot: 'current' | 'proposed' | 'all',
): Promise<void> {
  const slots = slot === 'all' ? ['current', 'proposed'] : [slot];
  await trx.raw(
    `UPDATE claims SET state = 'released'
     WHERE session_id = ? AND state = 'active' AND slot = ANY(?)`,
    [sessionId, slots],
  );
}

/** The proposed time becomes the current one: its claims stay, the old ones go. */
export async function promoteProposedClaims(
  trx: Knex.Transaction,
  sessionId: string,
  expiresAtMs: number | null,
): Promise<boolean> {
  await releaseClaims(trx, sessionId, 'current');
  const promoted = await trx.raw(
    `UPDATE claims SET slot = 'current', expires_at = ?::timestamptz
     WHERE session_id = ? AND slot = 'proposed' AND state = 'active'
       AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
    [expiresAtMs === null ? null : new Date(expiresAtMs), sessionId],
  );
  return promoted.rowCount > 0;
}
