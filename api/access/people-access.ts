import type { Person } from '../../db/people.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

export function mayListPeople(principal: Principal): Verdict {
  return principal.role === 'admin' ? 'allowed' : 'forbidden';
}

/** Who verifies, suspends and reinstates whom: a clinic's admins, its own people. */
export function mayJudgePerson(principal: Principal, person: Person | null): Verdict {
  if (principal.role !== 'admin') return 'forbidden';
  return person?.clinicId === principal.clinicId ? 'allowed' : 'hidden';
}

/** What was done by whom: for admins, of their own clinic. */
export function mayReadAudit(principal: Principal): Verdict {
  return principal.role === 'admin' ? 'allowed' : 'forbidden';
}

/**
 * Everybody may have what is held of them, and the clinic's admins give it out. What helpers noted
 * for themselves and for each other is the clinic's record: its admins decide about it.
 */
export function exportVerdict(
  principal: Principal,
  person: Person | null,
  { withClinicsNotes }: { readonly withClinicsNotes: boolean },
): Verdict {
  const isAdmin = principal.role === 'admin';
  if (person?.id === principal.personId) {
    return withClinicsNotes && !isAdmin ? 'forbidden' : 'allowed';
  }
  if (!isAdmin) return 'forbidden';
  return person?.clinicId === principal.clinicId ? 'allowed' : 'hidden';
}
