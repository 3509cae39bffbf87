import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Sessions are made by verified therapists, and each hosts their own. */
export function mayHostSessions(principal: Principal): Verdict {
  return principal.isVerifiedTherapist ? 'allowed' : 'forbidden';
}

/**
 * Whether two people work with each other: either of them may ask, and who runs the clinic. What
 * others may not know of is answered as if it did not exist.
 */
export function mayAskOfRelationship(
  principal: Principal,
  { therapistId, clientId }: { readonly therapistId: string; readonly clientId: string },
): Verdict {
  if (principal.role === 'staff' || principal.role === 'admin') return 'allowed';
  const isOne = principal.personId === therapistId || principal.personId === clientId;
  return isOne ? 'allowed' : 'forbidden';
}
