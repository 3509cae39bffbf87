import type { AlertView } from '../../db/crisis-alerts.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** What can be done with an alert. `follow` is to see where it stands, without its words. */
export type AlertAct = 'follow' | 'read' | 'act';

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

/** The one place that decides who may do what with an alert. Whom it is about may follow it. */
export function alertVerdict(
  act: AlertAct,
  principal: Principal,
  alert: Pick<AlertView, 'clinicId' | 'personId'> | null,
): Verdict {
  if (alert === null || alert.clinicId !== principal.clinicId) return 'hidden';
  if (isCrisisTeam(principal)) return 'allowed';
  if (alert.personId !== principal.personId) return 'hidden';
  return act === 'follow' ? 'allowed' : 'forbidden';
}
