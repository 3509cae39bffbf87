import type { WaitlistWish } from '../../db/models/waitlist-wish.ts';
import type { Offer } from '../../db/offers.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Clients wait for a time, nobody waits for them. */
export function mayWait(principal: Principal): Verdict {
  return principal.role === 'patient' ? 'allowed' : 'forbidden';
}

/** Clients see their own wishes, and staff the clinic's. */
export function maySeeWaitlist(principal: Principal): Verdict {
  return principal.role === 'patient' || isStaff(principal) ? 'allowed' : 'forbidden';
}

export function mayRemoveWish(principal: Principal, wish: WaitlistWish | null): Verdict {
  if (maySeeWaitlist(principal) !== 'allowed') return 'forbidden';
  if (wish === null || wish.clinicId !== principal.clinicId) return 'hidden';
  return wish.clientId === principal.personId || isStaff(principal) ? 'allowed' : 'hidden';
}

/** An offer is answered by whom it was made to, and nobody else knows of it. */
export function mayAnswerOffer(principal: Principal, offer: Offer | null): Verdict {
  if (principal.role !== 'patient') return 'forbidden';
  return offer !== null && offer.clientId === principal.personId ? 'allowed' : 'hidden';
}

export function isStaff(principal: Principal): boolean {
  return principal.role === 'staff' || principal.role === 'admin';
}
