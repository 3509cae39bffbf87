import { ACCOUNT, PERSON } from './account.ts';
import { COMPANION } from './companion.ts';
import { CRISIS } from './crisis.ts';
import { MONEY } from './money.ts';
import type { Place } from './place.ts';
import { RECORDINGS } from './recordings.ts';
import { SESSIONS } from './sessions.ts';
import { STAFF } from './staff.ts';
import { SUPPORT } from './support.ts';

/**
 * Everywhere that the database tells of a person. Export and erasure both work through it, so that
 * what is held is shown, and what is shown can be erased. In the order of erasure: rows go before
 * those that they refer to, and before those that they are found by. Every other table is in
 * `IMPERSONAL`; a column that is in neither fails test/db/personal-data.test.ts.
 */
export const INVENTORY: readonly Place[] = [
  ...COMPANION,
  ...SUPPORT,
  ...CRISIS,
  ...RECORDINGS,
  ...SESSIONS,
  ...MONEY,
  ...STAFF,
  ...ACCOUNT,
  PERSON,
];

/** What the export shows, in its order. */
export const EXPORTED: readonly Place[] = [
  PERSON,
  ...ACCOUNT,
  ...STAFF,
  ...SESSIONS,
  ...RECORDINGS,
  ...MONEY,
  ...COMPANION,
  ...SUPPORT,
  ...CRISIS,
].filter(({ section }) => section !== null);
