import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { reopenAlertsOf } from './crisis-verbs.ts';
import { PERSON_COLUMNS, personFrom } from './people.ts';
import type { Person, PersonRole, PersonRow } from './people.ts';
import { stirRoomsOf } from './room-commands.ts';
import { revokeFamiliesOf } from './tokens.ts';

/** `unverified` are helpers whom nobody has verified or suspended yet. */
export const PERSON_STATES = ['unverified', 'verified', 'suspended'] as const;
export type PersonState = (typeof PERSON_STATES)[number];

const STATE_CONDITIONS: Readonly<Record<PersonState, string>> = {
  unverified: "role IN ('peer', 'counselor') AND verified_at IS NULL AND suspended_at IS NULL",
  verified: "role IN ('peer', 'counselor') AND verified_at IS NOT NULL AND suspended_at IS NULL",
  suspended: 'suspended_at IS NOT NULL',
};

export interface PeopleFilter {
  readonly clinicId: string;
  readonly role: PersonRole | null;
  readonly state: PersonState | null;
  /** Also patients without an account. */
  readonly includeAnonymous: boolean;
  readonly after: string | null;
  readonly limit: number;
}

/** A clinic's people in the order of their ids, without those who were erased. */
export async function listClinicPeople(db: Knex, filter: PeopleFilter): Promise<Person[]> {
  const { state, ...values } = filter;
  const { rows } = await db.raw<{ rows: PersonRow[] }>(
    `SELECT ${PERSON_COLUMNS} FROM people
     WHERE clinic_id = :clinicId AND erased_at IS NULL AND ${state === null ? 'true' : STATE_CONDITIONS[state]}
       AND (:role::text IS NULL OR role = :role)
       AND (:includeAnonymous OR NOT is_anonymous)
       AND (:after::uuid IS NULL OR id > :after)
     ORDER BY id LIMIT :limit`,
    values,
  );
  return rows.map(personFrom);
}

/** A person whom an admin is about to judge. Both rows stay locked until the transaction ends. */
export async function lockForJudgement(
  trx: Knex.Transaction,
  adminId: string,
  personId: string,
): Promise<Person> {
  // In one order, so that two admins who judge each other don't deadlock.
  const { rows } = await trx.raw<{ rows: PersonRow[] }>(
    `SELECT ${PERSON_COLUMNS} FROM people WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE`,
    [[adminId, personId]],
  );
  const admin = rows.find(({ id }) => id === adminId);
  const person = rows.find(({ id }) => id === personId);
  // Of two admins who suspend each other at once, the second is none any more.
  if (admin?.role !== 'admin' || admin.suspended_at !== null) {
    throw new HoldfastError('forbidden', 'This is not for your role');
  }
  if (person === undefined || person.clinic_id !== admin.clinic_id) {
    throw new HoldfastError('not_found', 'There is nothing of this id');
  }
  return personFrom(person);
}

/** A therapist's profile is verified together with its person. */
export async function verifyHelper(trx: Knex.Transaction, personId: string): Promise<void> {
  await trx.raw(
    'UPDATE people SET verified_at = now(), updated_at = now() WHERE id = ? AND verified_at IS NULL',
    [personId],
  );
  await trx.raw(
    'UPDATE therapist_profiles SET verified_at = now() WHERE person_id = ? AND verified_at IS NULL',
    [personId],
  );
}

/**
 * Ends all that the person has signed in, and opens the alerts again that they have; gives the
 * families that it ended.
 */
export async function suspendPerson(trx: Knex.Transaction, personId: string): Promise<string[]> {
  await trx.raw(
    'UPDATE people SET suspended_at = now(), updated_at = now() WHERE id = ? AND suspended_at IS NULL',
    [personId],
  );
  await stirRoomsOf(trx, personId);
  await reopenAlertsOf(trx, personId);
  return revokeFamiliesOf(trx, personId, null, 'suspended');
}

export async function reinstatePerson(trx: Knex.Transaction, personId: string): Promise<void> {
  await trx.raw(
    'UPDATE people SET suspended_at = NULL, updated_at = now() WHERE id = ? AND suspended_at IS NOT NULL',
    [personId],
  );
}
