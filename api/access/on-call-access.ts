import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Rosters, escalation policies and the clinic's list of help are its admins' to keep. */
export function mayKeepCrisisPlans({ role }: Principal): Verdict {
  return role === 'admin' ? 'allowed' : 'forbidden';
}

/** A phone is verified by whoever may be paged on it, for themselves. */
export function mayVerifyPhone({ role }: Principal): Verdict {
  return role === 'patient' ? 'forbidden' : 'allowed';
}
