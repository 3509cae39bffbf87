import type { Group } from '../../db/models/group.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Who leads groups for a therapist: the therapist, and those who run the clinic for anybody. */
export function mayLeadGroups(principal: Principal, therapistId: string | null): Verdict {
  if (runsClinic(principal)) return 'allowed';
  const isOwn = principal.role === 'counselor' && therapistId === principal.personId;
  return isOwn ? 'allowed' : 'forbidden';
}

/** Whose group may be seen whole and changed. */
export function mayManageGroup(principal: Principal, group: Group | null): Verdict {
  if (!runsClinic(principal) && principal.role !== 'counselor') return 'forbidden';
  if (group === null || group.clinic_id !== principal.clinicId) return 'hidden';
  const isOwn = group.therapist_id === principal.personId;
  return isOwn || runsClinic(principal) ? 'allowed' : 'hidden';
}

/** Who may take a seat; a group that is closed, or kept to clients, is hidden from everybody else. */
export function mayJoinGroup(
  principal: Principal,
  group: Group | null,
  isClientOfTherapist: boolean,
): Verdict {
  if (group === null || group.clinic_id !== principal.clinicId) return 'hidden';
  if (principal.role !== 'patient') return 'forbidden';
  if (!group.is_active) return 'hidden';
  return group.joinable_by === 'anyone' || isClientOfTherapist ? 'allowed' : 'hidden';
}

/** Who may leave: whoever joins. What they have left is found by their own seat alone. */
export function mayLeaveGroup(principal: Principal, group: Group | null): Verdict {
  if (group === null || group.clinic_id !== principal.clinicId) return 'hidden';
  return principal.role === 'patient' ? 'allowed' : 'forbidden';
}

function runsClinic({ role }: Principal): boolean {
  return role === 'staff' || role === 'admin';
}
