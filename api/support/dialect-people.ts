import type { Person } from '../../db/people.ts';
import type { TokenPair } from '../auth/token-pairs.ts';

/** The published vocabulary has four roles: a clinic's staff shows as a counselor. */
function publishedRole(person: Person): string {
  return person.role === 'staff' ? 'counselor' : person.role;
}

function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
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

/** Version A's user with all of the profile. */
export function fullUser(person: Person, isOnline: boolean): Record<string, unknown> {
  const { id, firstName, lastName, dateOfBirth, phone, preferredName, age } = person;
  return {
    id,
    ...identity(person),
    profile: {
      firstName,
      lastName,
      ...(dateOfBirth === null ? {} : { dateOfBirth }),
      ...(age === null ? {} : { age }),
      ...(phone === null ? {} : { phoneNumber: phone }),
      ...(preferredName === null ? {} : { preferredName }),
    },
    isActive: person.suspendedAt === null,
    isOnline,
    lastLogin: iso(person.lastLoginAt),
    createdAt: iso(person.createdAt),
  };
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
