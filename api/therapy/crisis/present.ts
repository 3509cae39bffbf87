import type { CrisisRequest } from '../../../db/crisis-sessions.ts';
import type { SafetyPlan } from '../../../domain/crisis-session.ts';

export const SOMEBODY_WILL_COME =
  'Nobody is free this very minute. Your call is out to everybody on call, and whoever answers ' +
  'first will come to this session. Please stay here.';

/** Null while the session waits for somebody. */
export function therapistOf({
  therapistId,
  therapistName,
  therapistSpecializations,
}: CrisisRequest): Record<string, unknown> | null {
  if (therapistId === null) return null;
  return {
    therapist_id: therapistId,
    display_name: therapistName,
    specializations: therapistSpecializations,
  };
}

export function presentSafetyPlan({
  emergencyContacts,
  copingStrategies,
}: SafetyPlan): Record<string, unknown> {
  return {
    created: true,
    emergency_contacts: emergencyContacts,
    coping_strategies: copingStrategies,
  };
}
