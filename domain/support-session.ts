import type { AlertSeverity } from './escalation-policy.ts';

export const SUPPORT_TYPES = ['peer_support', 'counselor_session', 'crisis_intervention'] as const;
export type SupportType = (typeof SUPPORT_TYPES)[number];

export const SUPPORT_HELPER_TYPES = ['peer', 'counselor', 'chatbot'] as const;
export type SupportHelperType = (typeof SUPPORT_HELPER_TYPES)[number];

/** `waiting` for a helper, `active` with one; the others are ends. */
export const SUPPORT_STATES = ['waiting', 'active', 'closed', 'cancelled'] as const;
export type SupportState = (typeof SUPPORT_STATES)[number];

/** `member`: of a group that shares a chat room. */
export type SupportParticipantRole = 'patient' | 'helper' | 'joined' | 'member';

/** What decides who may take a session. */
export interface SupportRequest {
  readonly type: SupportType;
  readonly helperType: SupportHelperType;
  readonly severity: AlertSeverity;
}

/** Peers take what was not asked of a counselor and is not critical; counselors take anything. */
export function mayBeTakenBy(
  { type, helperType, severity }: SupportRequest,
  role: 'peer' | 'counselor' | 'admin',
): boolean {
  if (role !== 'peer') return true;
  return helperType !== 'counselor' && type === 'peer_support' && severity !== 'critical';
}

export function isSupportOver(status: SupportState): boolean {
  return status === 'closed' || status === 'cancelled';
}

/** Whom helpers meet in an anonymous session: known by the session alone, so the same nowhere else. */
export interface PatientAlias {
  readonly id: string;
  readonly username: string;
}

export function patientAlias(sessionId: string): PatientAlias {
  const tail = sessionId.replaceAll('-', '').slice(-8);
  return { id: `anonymous-${tail}`, username: `anonymous_${tail}` };
}
