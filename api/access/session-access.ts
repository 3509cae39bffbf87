import type { SessionRow } from '../../db/sessions.ts';
import type { Party } from '../../domain/session.ts';
import type { Principal } from './principal.ts';

/** What can be done with a session. */
export type SessionAct =
  | 'read'
  | 'revise'
  | 'pay'
  | 'approve'
  | 'quote'
  | 'reschedule'
  | 'cancel'
  | 'mark_attendance'
  | 'read_attendance'
  | 'retry_transcript'
  | 'rate'
  | 'prepare'
  | 'host'
  | 'attend';

/** How a caller stands to a session: its client, its therapist, running its clinic, or nothing. */
export type SessionRelation = 'client' | 'therapist' | 'clinic' | 'none';

/** `hidden` things are answered as if they did not exist. */
export type Verdict = 'allowed' | 'forbidden' | 'hidden';

/** The one place that decides who may do what with a session. What is not here is denied. */
const ALLOWED: Readonly<Record<SessionAct, readonly SessionRelation[]>> = {
  read: ['client', 'therapist', 'clinic'],
  revise: ['client', 'therapist', 'clinic'],
  quote: ['client', 'therapist', 'clinic'],
  pay: ['client'],
  approve: ['therapist'],
  reschedule: ['client', 'therapist', 'clinic'],
  cancel: ['client', 'therapist', 'clinic'],
  mark_attendance: ['therapist'],
  // How long others were there is not for each of them to know.
  read_attendance: ['therapist', 'clinic'],
  // Nobody reads it by that.
  retry_transcript: ['therapist', 'clinic'],
  rate: ['client'],
  prepare: ['client', 'therapist'],
  // Whom a session is with, its notes and its room are its therapist's alone.
  host: ['therapist'],
  attend: ['client', 'therapist'],
};

export function relationTo(
  principal: Principal,
  session: Pick<SessionRow, 'clinic_id' | 'client_id' | 'therapist_id'> | null,
): SessionRelation {
  if (session === null || session.clinic_id !== principal.clinicId) return 'none';
  if (session.client_id === principal.personId) return 'client';
  if (session.therapist_id === principal.personId) return 'therapist';
  return principal.role === 'staff' || principal.role === 'admin' ? 'clinic' : 'none';
}

export function verdictOn(act: SessionAct, relation: SessionRelation): Verdict {
  if (relation === 'none') return 'hidden';
  return ALLOWED[act].includes(relation) ? 'allowed' : 'forbidden';
}

export function verdictFor(
  act: SessionAct,
  principal: Principal,
  session: SessionRow | null,
): Verdict {
  return verdictOn(act, relationTo(principal, session));
}

/**
 * As the booking page publishes it: others' meetings in the caller's own clinic are forbidden
 * instead of hidden. Another clinic's stay hidden.
 */
export function meetingVerdict(
  act: SessionAct,
  principal: Principal,
  session: SessionRow | null,
): Verdict {
  const verdict = verdictFor(act, principal, session);
  const isOwnClinics = session?.clinic_id === principal.clinicId;
  return verdict === 'hidden' && isOwnClinics ? 'forbidden' : verdict;
}

/** As which party a caller acts on a session that they may act on. */
export function partyOf(relation: SessionRelation): Party {
  return relation === 'clinic' || relation === 'none' ? 'staff' : relation;
}
