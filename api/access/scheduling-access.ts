import type { CancellationOverride } from '../../domain/cancellation.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Whose calendars somebody runs: a whole clinic's, or a therapist's own. */
export type SchedulingScope =
  { readonly kind: 'clinic' } | { readonly kind: 'own'; readonly therapistId: string };

/** Null for everybody who neither runs the clinic nor works there as a therapist. */
export function schedulingScope(principal: Principal): SchedulingScope | null {
  if (principal.role === 'staff' || principal.role === 'admin') return { kind: 'clinic' };
  if (!principal.isVerifiedTherapist) return null;
  return { kind: 'own', therapistId: principal.personId };
}

/** Who may look into and book these therapists' calendars; none named means all in reach. */
export function maySchedule(principal: Principal, therapistIds: readonly string[]): Verdict {
  const scope = schedulingScope(principal);
  if (scope === null) return 'forbidden';
  if (scope.kind === 'clinic') return 'allowed';
  return therapistIds.every((id) => id === scope.therapistId) ? 'allowed' : 'forbidden';
}

/** What a client's insurer has left is for those who bill, not for every therapist. */
export function maySeeAuthorisations(principal: Principal): boolean {
  return schedulingScope(principal)?.kind === 'clinic';
}

/** Setting the cancellation rule aside is for those who run the clinic. */
export function mayCancelUnder(principal: Principal, policy: CancellationOverride): Verdict {
  const scope = schedulingScope(principal);
  if (scope === null) return 'forbidden';
  return scope.kind === 'clinic' || policy === 'standard' ? 'allowed' : 'forbidden';
}
