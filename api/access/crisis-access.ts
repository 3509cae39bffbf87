import type { AlertView } from '../../db/crisis-alerts.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Who answers a clinic's alerts: its verified counselors and those who run it. */
export function isCrisisTeam({ role, isVerifiedHelper }: Principal): boolean {
  return role === 'admin' || role === 'staff' || (role === 'counselor' && isVerifiedHelper);
}

/** The clinic's alerts as a list. */
export function mayListAlerts(principal: Principal): Verdict {
  return isCrisisTeam(principal) ? 'allowed' : 'forbidden';
}

export function maySeeCrisisStatistics({ role }: Principal): Verdict {
  return role === 'admin' ? 'allowed' : 'forbidden';
}

/**
 * The one place that decides who may act on an alert, be it to note something: the crisis team, and
 * whoever has taken it. Whom it is about hears that it isn't theirs to, though they be of the team:
 * whoever stands beside them must not end the search for help.
 */
export function alertVerdict(
  principal: Principal,
  alert: Pick<AlertView, 'clinicId' | 'personId' | 'holderId'> | null,
): Verdict {
  if (alert === null || alert.clinicId !== principal.clinicId) return 'hidden';
  const { personId } = principal;
  if (alert.personId === personId) return 'forbidden';
  return isCrisisTeam(principal) || alert.holderId === personId ? 'allowed' : 'hidden';
}
