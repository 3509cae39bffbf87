import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';

export type PersonRole = 'patient' | 'peer' | 'counselor' | 'admin' | 'staff';

export interface NotificationWishes {
  readonly email: boolean;
  readonly sms: boolean;
  readonly push: boolean;
}

/** A person as the product knows them. The password's hash and the emergency contact stay in the database. */
export interface Person {
  readonly id: string;
  readonly clinicId: string;
  readonly role: PersonRole;
  readonly username: string | null;
  readonly email: string | null;
  readonly firstName: string;
  readonly lastName: string;
  readonly preferredName: string | null;
  /** `YYYY-MM-DD` */
  readonly dateOfBirth: string | null;
  readonly age: number | null;
  /** E.164 */
  readonly phone: string | null;
  /** IANA name */
  readonly timeZone: string;
  readonly language: string;
  readonly emailVerifiedAt: Date | null;
  /** When an admin verified a helper. */
  readonly verifiedAt: Date | null;
  readonly suspendedAt: Date | null;
  readonly lastLoginAt: Date | null;
  /** Somebody without an account, who goes by a made-up name. */
  readonly isAnonymous: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewPerson {
  readonly id: string;
  readonly clinicId: string;
  readonly role: PersonRole;
  readonly username: string | null;
  readonly email: string | null;
  readonly passwordHash: string | null;
  readonly firstName: string;
  readonly lastName: string;
  readonly preferredName: string | null;
  readonly dateOfBirth: string | null;
  readonly age: number | null;
  readonly phone: string | null;
  /** IANA; null for the clinic's. */
  readonly timeZone: string | null;
  readonly language: string;
  /** Encrypted by the field cipher. */
  readonly emergencyContact: Buffer | null;
  readonly termsAgreedAt: Date | null;
  readonly privacyAgreedAt: Date | null;
  readonly isAnonymous: boolean;
}

export interface PersonRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly role: PersonRole;
  readonly username: string | null;
  readonly email: string | null;
  readonly password_hash: string | null;
  readonly first_name: string;
  readonly last_name: string;
  readonly preferred_name: string | null;
  readonly date_of_birth: string | null;
  readonly age: number | null;
  readonly phone: string | null;
  readonly time_zone: string;
  readonly language: string;
  readonly email_verified_at: Date | null;
  readonly verified_at: Date | null;
  readonly suspended_at: Date | null;
  readonly last_login_at: Date | null;
  readonly is_anonymous: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const PERSON_COLUMNS = `id, clinic_id, role, username, email, password_hash, first_name, last_name,
  preferred_name, date_of_birth::text AS date_of_birth, age, phone, time_zone, language,
  email_verified_at, verified_at, suspended_at, last_login_at, is_anonymous, created_at, updated_at`;

export function personFrom(row: PersonRow): Person {
  return {
    id: row.id,
    clinicId: row.clinic_id,
    role: row.role,
    username: row.username,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    preferredName: row.preferred_name,
    dateOfBirth: row.date_of_birth,
    age: row.age,
    phone: row.phone,
    timeZone: row.time_zone,
    language: row.language,
    emailVerifiedAt: row.email_verified_at,
    verifiedAt: row.verified_at,
    suspendedAt: row.suspended_at,
    lastLoginAt: row.last_login_at,
    isAnonymous: row.is_anonymous,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export async function findPerson(db: Knex, id: string): Promise<Person | null> {
  const { rows } = await db.raw<{ rows: PersonRow[] }>(
    `SELECT ${PERSON_COLUMNS} FROM people WHERE id = ?`,
    [id],
  );
  return rows[0] === undefined ? null : personFrom(rows[0]);
}

export interface Credentials {
  readonly person: Person;
  readonly passwordHash: string | null;
}

/** The account of an e-mail address, whatever its case. */
export async function findCredentials(db: Knex, email: string): Promise<Credentials | null> {
  const { rows } = await db.raw<{ rows: PersonRow[] }>(
    `SELECT ${PERSON_COLUMNS} FROM people WHERE lower(email) = lower(?)`,
    [email],
  );
  const [row] = rows;
  return row === undefined ? null : { person: personFrom(row), passwordHash: row.password_hash };
}

/** Null for a person without a password, and for no person. */
export async function findPasswordHash(db: Knex, personId: string): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { password_hash: string | null }[] }>(
    'SELECT password_hash FROM people WHERE id = ?',
    [personId],
  );
  return rows[0]?.password_hash ?? null;
}

/** Whether somebody has the e-mail address or the username already, whatever its case. */
export async function isTaken(db: Knex, email: string, username: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { taken: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM people WHERE lower(email) = lower(?))
         OR EXISTS (SELECT FROM people WHERE lower(username) = lower(?)) AS taken`,
    [email, username],
  );
  return rows[0]?.taken === true;
}

/** Throws `already_exists` when the e-mail address or the username is taken. */
export async function insertPerson(db: Knex, person: NewPerson): Promise<Person> {
  const { rows } = await db.raw<{ rows: PersonRow[] }>(
    `INSERT INTO people (id, clinic_id, role, username, email, password_hash, first_name, last_name,
       preferred_name, date_of_birth, age, phone, time_zone, language, emergency_contact,
       terms_agreed_at, privacy_agreed_at, is_anonymous)
     VALUES (:id, :clinicId, :role, :username, :email, :passwordHash, :firstName, :lastName,
       :preferredName, :dateOfBirth, :age, :phone,
       coalesce(:timeZone, (SELECT time_zone FROM clinics WHERE id = :clinicId)), :language,
       :emergencyContact,
       :termsAgreedAt, :privacyAgreedAt, :isAnonymous)
     ON CONFLICT DO NOTHING
     RETURNING ${PERSON_COLUMNS}`,
    { ...person },
  );
  if (rows[0] !== undefined) return personFrom(rows[0]);
  throw new HoldfastError(
    'already_exists',
    'An account with this email or username already exists',
  );
}

export async function setNotificationWishes(
  db: Knex,
  personId: string,
  wishes: NotificationWishes,
): Promise<void> {
  await db.raw(
    `INSERT INTO notification_preferences (person_id, email, sms, push) VALUES (?, ?, ?, ?)
     ON CONFLICT (person_id) DO UPDATE SET email = excluded.email, sms = excluded.sms,
       push = excluded.push, updated_at = now()`,
    [personId, wishes.email, wishes.sms, wishes.push],
  );
}

/**
 * Notes a sign-in with the password of this hash. Null when the password was changed or the person
 * suspended meanwhile: whoever does that waits for this row, and then ends this sign-in too.
 */
export async function recordLogin(
  trx: Knex.Transaction,
  personId: string,
  passwordHash: string,
): Promise<Date | null> {
  const { rows } = await trx.raw<{ rows: { last_login_at: Date }[] }>(
    `UPDATE people SET last_login_at = now()
     WHERE id = ? AND password_hash = ? AND suspended_at IS NULL RETURNING last_login_at`,
    [personId, passwordHash],
  );
  return rows[0]?.last_login_at ?? null;
}

export async function markEmailVerified(db: Knex, personId: string): Promise<void> {
  await db.raw(
    'UPDATE people SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = ?',
    [personId],
  );
}

/** Where people who register by themselves belong: the clinic that was set up first. */
export async function findDefaultClinic(db: Knex): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    'SELECT id FROM clinics ORDER BY created_at, id LIMIT 1',
  );
  return rows[0]?.id ?? null;
}
