import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Rosters, escalation policies and the clinic's list of help are its admins' to keep. */
export function mayKeepCrisisPlans({ role }: Principal): Verdict {
  return role === 'admin' ? 'allowed' : 'forbidden';
}

/**
 * A phone is verified by whoever may be paged on it, for themselves. Anybody can register as a
 * helper: codes are sent at the clinic's cost once an admin knows them.
 */
export function mayVerifyPhone(principal: Principal): Verdict {
  const { role, isVerifiedHelper, isVerifiedTherapist } = principal;
  const isOfClinic = role === 'admin' || role === 'staff';
  return isOfClinic || isVerifiedHelper || isVerifiedTherapist ? 'allowed' : 'forbidden';
}
