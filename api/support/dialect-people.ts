import type { Person, PersonRole } from '../../db/people.ts';
import type { TokenPair } from '../auth/token-pairs.ts';
import { iso } from './dialect.ts';
import type { EmergencyContact } from './dialect-profile.ts';

/** The published vocabulary has four roles: a clinic's staff shows as a counselor. */
export function publishedRole({ role }: Pick<Person, 'role'>): Exclude<PersonRole, 'staff'> {
  return role === 'staff' ? 'counselor' : role;
}

function identity(person: Person): Record<string, unknown> {
  const { username, email } = person;
  return { username, email, role: publishedRole(person) };
}

/** Version A's user right after registering. */
export function userAfterRegistering(person: Person): Record<string, unknown> {
  return {
    id: person.id,
    ...identity(person),
    isActive: person.suspendedAt === null,
    createdAt: iso(person.createdAt),
  };
}

/** Version A's user right after signing in. */
export function userAfterLogin(person: Person): Record<string, unknown> {
  const { id, firstName, lastName } = person;
  return {
    id,
    ...identity(person),
    profile: { firstName, lastName },
    isActive: person.suspendedAt === null,
    lastLogin: iso(person.lastLoginAt),
  };
}

export interface PersonalTexts {
  readonly isOnline: boolean;
  readonly bio: string | null;
  readonly emergencyContact: EmergencyContact | null;
}

/** Version A's user with all of the profile; what a person never told is left out. */
export function fullUser(person: Person, texts: PersonalTexts): Record<string, unknown> {
  const { firstName, lastName, dateOfBirth, age, phone, preferredName } = person;
  const { bio, emergencyContact, isOnline } = texts;
  const contact = emergencyContact === null ? null : contactInA(emergencyContact);
  const optional = { dateOfBirth, age, phoneNumber: phone, preferredName, bio };
  return {
    id: person.id,
    ...identity(person),
    profile: {
      firstName,
      lastName,
      ...told({ ...optional, emergencyContact: contact }),
    },
    isActive: person.suspendedAt === null,
    isOnline,
    lastLogin: iso(person.lastLoginAt),
    createdAt: iso(person.createdAt),
    updatedAt: iso(person.updatedAt),
  };
}

function contactInA({ name, relationship, phone }: EmergencyContact): Record<string, unknown> {
  return { name, ...told({ relationship, phoneNumber: phone }) };
}

function told(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

/** The user of a token that was verified; only version B has it, with `id`. */
export function verifiedUser(person: Person): Record<string, unknown> {
  return { id: person.id, ...identity(person) };
}

/** Version B's user right after registering. */
export function flatUserAfterRegistering(person: Person): Record<string, unknown> {
  const { firstName, lastName, age, preferredName } = person;
  return {
    _id: person.id,
    ...identity(person),
    profile: { firstName, lastName, age, preferredName },
    isVerified: person.emailVerifiedAt !== null,
    isOnline: false,
    createdAt: iso(person.createdAt),
    lastLoginAt: iso(person.lastLoginAt),
  };
}

/** Version B's user right after signing in. */
export function flatUserAfterLogin(person: Person): Record<string, unknown> {
  const { firstName, lastName, preferredName, language, timeZone } = person;
  return {
    _id: person.id,
    ...identity(person),
    profile: { firstName, lastName, preferredName },
    isOnline: true,
    lastLoginAt: iso(person.lastLoginAt),
    preferences: { language, timezone: timeZone },
  };
}

/** Version B's tokens, at the top level. */
export function flatTokens(pair: TokenPair): Record<string, unknown> {
  const { accessToken, refreshToken, expiresIn } = pair;
  return { token: accessToken, refreshToken, expiresIn };
}
