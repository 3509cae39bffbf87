import type { Knex } from 'knex';
import type { PersonRole } from './people.ts';

/** What a token's holder may do, as the database says now. */
export interface AccessFacts {
  readonly personId: string;
  readonly clinicId: string;
  readonly role: PersonRole;
  readonly isVerified: boolean;
  readonly isSuspended: boolean;
  readonly isAnonymous: boolean;
  readonly hasVerifiedProfile: boolean;
  /** A family that was revoked, or that isn't this person's. */
  readonly isFamilyDead: boolean;
}

const FACTS = `person.id AS "personId", person.clinic_id AS "clinicId", person.role,
  person.verified_at IS NOT NULL AS "isVerified",
  person.suspended_at IS NOT NULL AS "isSuspended", person.is_anonymous AS "isAnonymous",
  profile.verified_at IS NOT NULL AS "hasVerifiedProfile"`;

/** The rights of a person and whether the token family still lives; null for an unknown person. */
export async function findAccessFacts(
  db: Knex,
  personId: string,
  familyId: string,
): Promise<AccessFacts | null> {
  const { rows } = await db.raw<{ rows: AccessFacts[] }>(
    `SELECT ${FACTS}, family.id IS NULL OR family.revoked_at IS NOT NULL AS "isFamilyDead"
     FROM people AS person
     LEFT JOIN therapist_profiles AS profile ON profile.person_id = person.id
     LEFT JOIN token_families AS family ON family.person_id = person.id AND family.id = ?
     WHERE person.id = ?`,
    [familyId, personId],
  );
  return rows[0] ?? null;
}

/** The rights of the person to whom a foreign issuer's subject was linked; null when it was to nobody. */
export async function findForeignFacts(
  db: Knex,
  issuer: string,
  subject: string,
): Promise<AccessFacts | null> {
  const { rows } = await db.raw<{ rows: AccessFacts[] }>(
    `SELECT ${FACTS}, false AS "isFamilyDead"
     FROM foreign_identities AS identity
     JOIN people AS person ON person.id = identity.person_id
     LEFT JOIN therapist_profiles AS profile ON profile.person_id = person.id
     WHERE identity.issuer = ? AND identity.subject = ?`,
    [issuer, subject],
  );
  return rows[0] ?? null;
}

export interface NewRefreshToken {
  readonly familyId: string;
  /** SHA-256 of the token; the token itself is never stored. */
  readonly hash: Buffer;
  readonly ttlMs: number;
}

export async function insertFamily(db: Knex, familyId: string, personId: string): Promise<void> {
  await db.raw('INSERT INTO token_families (id, person_id) VALUES (?, ?)', [familyId, personId]);
}

export async function insertRefreshToken(db: Knex, token: NewRefreshToken): Promise<void> {
  await db.raw(
    `INSERT INTO refresh_tokens (token_hash, family_id, expires_at)
     VALUES (?, ?, now() + ? * interval '1 millisecond')`,
    [token.hash, token.familyId, token.ttlMs],
  );
}

export interface PresentedRefreshToken {
  readonly familyId: string;
  readonly personId: string;
  readonly isExpired: boolean;
  readonly isUsed: boolean;
  readonly isRevoked: boolean;
}

/** Finds a refresh token and locks its family, so that of two uses at once one comes second. */
export async function lockRefreshToken(
  trx: Knex.Transaction,
  hash: Buffer,
): Promise<PresentedRefreshToken | null> {
  const { rows: families } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM token_families
     WHERE id = (SELECT family_id FROM refresh_tokens WHERE token_hash = ?) FOR UPDATE`,
    [hash],
  );
  if (families.length === 0) return null;
  // Read after the lock: a first use that was waited for shows.
  const { rows } = await trx.raw<{ rows: PresentedRefreshToken[] }>(
    `SELECT family.id AS "familyId", family.person_id AS "personId",
       token.expires_at <= now() AS "isExpired", token.used_at IS NOT NULL AS "isUsed",
       family.revoked_at IS NOT NULL AS "isRevoked"
     FROM refresh_tokens AS token JOIN token_families AS family ON family.id = token.family_id
     WHERE token.token_hash = ?`,
    [hash],
  );
  return rows[0] ?? null;
}

export async function markRefreshTokenUsed(trx: Knex.Transaction, hash: Buffer): Promise<void> {
  await trx.raw('UPDATE refresh_tokens SET used_at = now() WHERE token_hash = ?', [hash]);
}

/** Ends a family for good: its refresh tokens and the access tokens that came of it. */
export async function revokeFamily(db: Knex, familyId: string, because: string): Promise<void> {
  await db.raw(
    `UPDATE token_families SET revoked_at = now(), revoked_because = ?
     WHERE id = ? AND revoked_at IS NULL`,
    [because, familyId],
  );
}

/** Ends all families of a person but the one that is kept; gives the ids of those that it ended. */
export async function revokeFamiliesOf(
  trx: Knex.Transaction,
  personId: string,
  keptFamilyId: string | null,
  because: string,
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `UPDATE token_families SET revoked_at = now(), revoked_because = :because
     WHERE person_id = :personId AND revoked_at IS NULL
       AND (:keptFamilyId::uuid IS NULL OR id <> :keptFamilyId)
     RETURNING id`,
    { personId, keptFamilyId, because },
  );
  return rows.map(({ id }) => id);
}

/** The family of a refresh token, only when it belongs to the person. */
export async function findOwnFamily(
  db: Knex,
  hash: Buffer,
  personId: string,
): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT family.id FROM refresh_tokens AS token
     JOIN token_families AS family ON family.id = token.family_id
     WHERE token.token_hash = ? AND family.person_id = ?`,
    [hash, personId],
  );
  return rows[0]?.id ?? null;
}

export type OneTimePurpose = 'verify_email' | 'reset_password';

export async function insertOneTimeToken(
  db: Knex,
  token: { hash: Buffer; personId: string; purpose: OneTimePurpose; ttlMs: number },
): Promise<void> {
  await db.raw(
    `INSERT INTO one_time_tokens (token_hash, person_id, purpose, expires_at)
     VALUES (?, ?, ?, now() + ? * interval '1 millisecond')`,
    [token.hash, token.personId, token.purpose, token.ttlMs],
  );
}

export interface OneTimeUse {
  readonly personId: string;
  readonly isFirst: boolean;
}

/** Uses a one-time token; null for an unknown or expired one. A second use is told as such. */
export async function takeOneTimeToken(
  db: Knex,
  hash: Buffer,
  purpose: OneTimePurpose,
): Promise<OneTimeUse | null> {
  const { rows } = await db.raw<{ rows: { personId: string }[] }>(
    `UPDATE one_time_tokens SET used_at = now()
     WHERE token_hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > now()
     RETURNING person_id AS "personId"`,
    [hash, purpose],
  );
  if (rows[0] !== undefined) return { personId: rows[0].personId, isFirst: true };
  const { rows: used } = await db.raw<{ rows: { personId: string }[] }>(
    `SELECT person_id AS "personId" FROM one_time_tokens
     WHERE token_hash = ? AND purpose = ? AND used_at IS NOT NULL AND expires_at > now()`,
    [hash, purpose],
  );
  return used[0] === undefined ? null : { personId: used[0].personId, isFirst: false };
}

/** Whether a one-time token could be used now; another use may still come first. */
export async function isOneTimeTokenLive(
  db: Knex,
  hash: Buffer,
  purpose: OneTimePurpose,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT 1 FROM one_time_tokens
     WHERE token_hash = ? AND purpose = ? AND used_at IS NULL AND expires_at > now()`,
    [hash, purpose],
  );
  return rows.length > 0;
}

export async function countLiveTokens(
  db: Knex,
  personId: string,
  purpose: OneTimePurpose,
): Promise<number> {
  const { rows } = await db.raw<{ rows: { live: number }[] }>(
    `SELECT count(*)::int AS live FROM one_time_tokens
     WHERE person_id = ? AND purpose = ? AND used_at IS NULL AND expires_at > now()`,
    [personId, purpose],
  );
  return rows[0]?.live ?? 0;
}

/** Uses up whatever tokens of the purpose the person still has. */
export async function dropOneTimeTokens(
  trx: Knex.Transaction,
  personId: string,
  purpose: OneTimePurpose,
): Promise<void> {
  await trx.raw(
    `UPDATE one_time_tokens SET used_at = now()
     WHERE person_id = ? AND purpose = ? AND used_at IS NULL`,
    [personId, purpose],
  );
}

/** Forgets expired tokens and counters. Used refresh tokens stay until they expire, to tell a reuse. */
export async function forgetOldTokens(db: Knex): Promise<void> {
  await db.raw('DELETE FROM refresh_tokens WHERE expires_at < now()');
  await db.raw(
    `DELETE FROM token_families AS family WHERE created_at < now() - interval '2 days'
     AND NOT EXISTS (SELECT FROM refresh_tokens AS token WHERE token.family_id = family.id)`,
  );
  await db.raw('DELETE FROM one_time_tokens WHERE expires_at < now()');
  await db.raw("DELETE FROM phone_verifications WHERE created_at < now() - interval '2 days'");
  await db.raw("DELETE FROM anonymous_sessions WHERE last_used_at < now() - interval '30 days'");
  await db.raw('DELETE FROM rate_limits WHERE expire < extract(epoch FROM now()) * 1000');
}
