import type { Knex } from 'knex';
import { AnonymousSession } from './models/anonymous-session.ts';
import { dropOneTimeTokens, revokeFamiliesOf } from './tokens.ts';

/** What a person tells about themselves beyond {@link Person}; sealed where it is their own text. */
export interface PersonalDetails {
  readonly bio: Buffer | null;
  readonly emergencyContact: Buffer | null;
  /** Null where they were never asked. */
  readonly wantsEmailUpdates: boolean | null;
}

export async function findPersonalDetails(db: Knex, personId: string): Promise<PersonalDetails> {
  const { rows } = await db.raw<{ rows: PersonalDetails[] }>(
    `SELECT bio, emergency_contact AS "emergencyContact",
       (preferences->>'emailUpdates')::boolean AS "wantsEmailUpdates"
     FROM people WHERE id = ?`,
    [personId],
  );
  return rows[0] ?? { bio: null, emergencyContact: null, wantsEmailUpdates: null };
}

/** Columns of `people` that their own person may change; what is left out stays. */
export interface ProfileColumns {
  readonly first_name?: string;
  readonly last_name?: string;
  readonly preferred_name?: string | null;
  readonly date_of_birth?: string;
  readonly age?: number;
  readonly phone?: string | null;
  readonly time_zone?: string;
  readonly language?: string;
  readonly bio?: Buffer | null;
  readonly emergency_contact?: Buffer | null;
}

/** Writes a profile. Another phone number is one that nobody has verified yet. */
export async function updateProfile(
  trx: Knex.Transaction,
  personId: string,
  columns: ProfileColumns,
  wantsEmailUpdates: boolean | undefined,
): Promise<void> {
  const updates = wantsEmailUpdates === undefined ? {} : { emailUpdates: wantsEmailUpdates };
  await trx('people')
    .where({ id: personId })
    .update({
      ...columns,
      ...('phone' in columns
        ? {
            phone_verified_at: trx.raw(
              'CASE WHEN phone IS NOT DISTINCT FROM ?::text THEN phone_verified_at END',
              [columns.phone ?? null],
            ),
          }
        : {}),
      preferences: trx.raw('preferences || ?::jsonb', [JSON.stringify(updates)]),
      updated_at: trx.fn.now(),
    });
}

export interface ReplacedPassword {
  readonly revokedFamilyIds: readonly string[];
}

/**
 * Gives a person another password and ends what the old one had opened. `fromHash` is the password
 * that is being replaced, or null to replace whichever there is. Null when it is no longer that, or
 * the person is suspended.
 */
export async function replacePassword(
  trx: Knex.Transaction,
  change: {
    readonly personId: string;
    readonly fromHash: string | null;
    readonly toHash: string;
    readonly keptFamilyId: string | null;
    readonly because: string;
  },
): Promise<ReplacedPassword | null> {
  const { personId, fromHash, toHash, keptFamilyId, because } = change;
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `UPDATE people SET password_hash = :toHash, updated_at = now()
     WHERE id = :personId AND suspended_at IS NULL AND NOT is_anonymous
       AND (:fromHash::text IS NULL OR password_hash = :fromHash)
     RETURNING id`,
    { personId, fromHash, toHash },
  );
  if (rows.length === 0) return null;
  await dropOneTimeTokens(trx, personId, 'reset_password');
  const revokedFamilyIds = await revokeFamiliesOf(trx, personId, keptFamilyId, because);
  return { revokedFamilyIds };
}

export async function insertAnonymousSession(
  trx: Knex.Transaction,
  personId: string,
  secretHash: Buffer,
): Promise<void> {
  await AnonymousSession.query(trx).insert({ personId, secretHash });
}

/** The anonymous patient whom a secret brings back; null for an unknown secret or a suspended person. */
export async function resumeAnonymousSession(
  trx: Knex.Transaction,
  secretHash: Buffer,
): Promise<string | null> {
  const { rows } = await trx.raw<{ rows: { personId: string }[] }>(
    `UPDATE anonymous_sessions AS session SET last_used_at = now()
     FROM people AS person
     WHERE session.secret_hash = ? AND session.last_used_at > now() - interval '30 days'
       AND person.id = session.person_id AND person.suspended_at IS NULL
     RETURNING session.person_id AS "personId"`,
    [secretHash],
  );
  return rows[0]?.personId ?? null;
}

/** After this the person can't be brought back: the computer may be anybody's. */
export async function endAnonymousSession(trx: Knex.Transaction, personId: string): Promise<void> {
  await AnonymousSession.query(trx).deleteById(personId);
}
