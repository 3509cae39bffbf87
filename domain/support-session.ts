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

/** Whom members of a chat room meet there: the same person in it, and nobody anywhere else. */
export function memberAlias(sessionId: string, personId: string): PatientAlias {
  const tail = digest(`${sessionId} ${personId}`).toString(16).padStart(8, '0');
  return { id: `member-${tail}`, username: `member_${tail}` };
}

/** FNV-1a, 32 bits: it tells people of one room apart, and keeps no secret that an id would not. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}

export function patientAlias(sessionId: string): PatientAlias {
  const tail = sessionId.replaceAll('-', '').slice(-8);
  return { id: `anonymous-${tail}`, username: `anonymous_${tail}` };
}
