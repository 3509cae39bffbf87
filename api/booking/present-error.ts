import type { ErrorCode } from '../../domain/errors.ts';
import type { Fault } from '../http/fault.ts';

/** What the booking page publishes as 400: conflicts, invalid slots, and meetings that are over. */
const BAD_REQUESTS: ReadonlySet<ErrorCode> = new Set([
  'slot_unavailable',
  'client_unavailable',
  'wrong_state',
  'version_conflict',
  'already_exists',
  'availability_overlap',
  'outside_availability',
  'therapist_unavailable',
  'time_in_past',
  'too_soon',
  'booking_limit_exceeded',
  'cancellation_deadline_passed',
  'reschedule_deadline_passed',
  'refused_by_rule',
]);

/** The role that a refused caller lacks; this door publishes 401 where it is the therapist's. */
export const THERAPISTS_ONLY = { requiredRole: 'therapist' } as const;

/** The status that this door's page publishes. */
export function bookingStatus({ code, status, details }: Fault): number {
  if (code === 'relationship_required') return 403;
  if (code === 'forbidden' && details['requiredRole'] === THERAPISTS_ONLY.requiredRole) return 401;
  return BAD_REQUESTS.has(code) ? 400 : status;
}
