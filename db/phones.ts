import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';

export type PhoneChannel = 'sms' | 'voice';

export interface NewVerification {
  readonly id: string;
  readonly personId: string;
  readonly phone: string;
  readonly channel: PhoneChannel;
  readonly codeHash: string;
  /** Sealed; null unless a call has to say the code. */
  readonly spokenCode: Buffer | null;
  readonly ttlMs: number;
}

/** So many codes go out to one person within an hour. */
export const MOST_CODES_PER_HOUR = 5;
export const MOST_ATTEMPTS = 5;

/**
 * Opens a verification and ends those before it, so that one code works at a time. Throws
 * `rate_limited` after too many within the hour.
 */
export async function openVerification(
  trx: Knex.Transaction,
  verification: NewVerification,
): Promise<{ expiresAt: Date }> {
  const { personId, spokenCode, ...given } = verification;
  await trx.raw('SELECT FROM people WHERE id = ? FOR NO KEY UPDATE', [personId]);
  await requireRoom(trx, personId);
  await trx.raw(
    `UPDATE phone_verifications SET expires_at = now(), spoken_code = NULL
     WHERE person_id = ? AND confirmed_at IS NULL AND expires_at > now()`,
    [personId],
  );
  const { rows } = await trx.raw<{ rows: { expiresAt: Date }[] }>(
    `INSERT INTO phone_verifications
       (id, person_id, phone, channel, code_hash, spoken_code, expires_at)
     VALUES (:id, :personId, :phone, :channel, :codeHash, :spokenCode,
       now() + :ttlMs * interval '1 millisecond')
     ON CONFLICT (id) DO UPDATE SET code_hash = excluded.code_hash, attempts = 0,
       spoken_code = excluded.spoken_code, expires_at = excluded.expires_at, created_at = now()
     RETURNING expires_at AS "expiresAt"`,
    { ...given, personId, spokenCode },
  );
  return rows[0]!;
}

async function requireRoom(trx: Knex.Transaction, personId: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: { count: number; retryAfterSeconds: number }[] }>(
    `SELECT count(*)::int AS count, greatest(1, ceil(extract(epoch FROM
       min(created_at) + interval '1 hour' - now())))::int AS "retryAfterSeconds"
     FROM phone_verifications WHERE person_id = ? AND created_at > now() - interval '1 hour'`,
    [personId],
  );
  const [recent] = rows;
  if (recent === undefined || recent.count < MOST_CODES_PER_HOUR) return;
  const { retryAfterSeconds } = recent;
  throw new HoldfastError('rate_limited', 'Too many codes were asked for', { retryAfterSeconds });
}

export interface Attempt {
  readonly phone: string;
  readonly codeHash: string;
  readonly attemptsLeft: number;
}

/**
 * Counts an attempt before the code is compared, so that no number of attempts at once gets more
 * than its share. Null for a verification that isn't the person's or takes no more attempts.
 */
export async function countAttempt(
  db: Knex,
  personId: string,
  id: string,
): Promise<Attempt | null> {
  const { rows } = await db.raw<{ rows: Attempt[] }>(
    `UPDATE phone_verifications SET attempts = attempts + 1
     WHERE id = :id AND person_id = :personId AND confirmed_at IS NULL AND expires_at > now()
       AND attempts < :most
     RETURNING phone, code_hash AS "codeHash", :most - attempts AS "attemptsLeft"`,
    { id, personId, most: MOST_ATTEMPTS },
  );
  return rows[0] ?? null;
}

/** The phone is the person's from now on. Null when the verification was used or ended meanwhile. */
export async function confirmPhone(
  trx: Knex.Transaction,
  personId: string,
  id: string,
): Promise<{ phone: string; verifiedAt: Date } | null> {
  const { rows } = await trx.raw<{ rows: { phone: string; verifiedAt: Date }[] }>(
    `WITH used AS (
       UPDATE phone_verifications SET confirmed_at = now(), spoken_code = NULL
       WHERE id = ? AND person_id = ? AND confirmed_at IS NULL AND expires_at > now()
       RETURNING person_id, phone
     )
     UPDATE people SET phone = used.phone, phone_verified_at = now(), updated_at = now()
     FROM used WHERE people.id = used.person_id
     RETURNING people.phone, people.phone_verified_at AS "verifiedAt"`,
    [id, personId],
  );
  return rows[0] ?? null;
}

export async function isOwnVerification(db: Knex, personId: string, id: string): Promise<boolean> {
  const found = await db('phone_verifications').where({ id, person_id: personId }).first('id');
  return found !== undefined;
}

/** The sealed code for a call to say; null once the verification is used or over. */
export async function findSpokenCode(db: Knex, id: string): Promise<Buffer | null> {
  const { rows } = await db.raw<{ rows: { code: Buffer | null }[] }>(
    `SELECT spoken_code AS code FROM phone_verifications
     WHERE id = ? AND confirmed_at IS NULL AND expires_at > now()`,
    [id],
  );
  return rows[0]?.code ?? null;
}

export async function findPhone(db: Knex, personId: string): Promise<string | null> {
  const row = await db('people').where({ id: personId }).first('phone');
  return row?.phone ?? null;
}
