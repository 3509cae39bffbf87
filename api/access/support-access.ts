import { takesPart } from '../../db/support-sessions.ts';
import type { SupportSession } from '../../db/support-sessions.ts';
import { isUuid } from '../../domain/ids.ts';
import { mayBeTakenBy } from '../../domain/support-session.ts';
import type { Call } from '../http/handler.ts';
import { enforce } from './clinic-access.ts';
import type { Target } from './denials.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/**
 * How a caller stands to a support session. `member`: of a group that shares it; `candidate`: a verified helper who could take it while
 * it waits; `crisis_team`: a verified counselor while an alert of this session is open.
 */
export type SupportRelation =
  'patient' | 'member' | 'helper' | 'joined' | 'admin' | 'crisis_team' | 'candidate' | 'none';

/**
 * What can be done with one. `preview` is what the list of waiting sessions shows; `converse` is
 * all that messages, attachments and the session's room are.
 */
export type SupportAct =
  'preview' | 'read' | 'converse' | 'update' | 'note' | 'end' | 'join' | 'escalate';

/** The one place that decides who may do what with a support session. What is not here is denied. */
const ALLOWED: Readonly<Record<SupportAct, readonly SupportRelation[]>> = {
  preview: ['patient', 'member', 'helper', 'joined', 'admin', 'crisis_team', 'candidate'],
  read: ['patient', 'member', 'helper', 'joined', 'admin', 'crisis_team'],
  converse: ['patient', 'member', 'helper', 'joined'],
  update: ['patient', 'helper', 'joined', 'admin'],
  note: ['helper', 'joined'],
  end: ['patient', 'helper', 'admin'],
  join: ['helper', 'joined', 'admin', 'crisis_team', 'candidate'],
  escalate: ['patient', 'member', 'helper', 'joined', 'admin', 'crisis_team'],
};

export function relationToSupport(
  principal: Principal,
  session: SupportSession | null,
): SupportRelation {
  if (session === null || session.clinicId !== principal.clinicId) return 'none';
  if (session.isChatRoom && session.helperId !== principal.personId) {
    if (takesPart(session, principal.personId)) return 'member';
  } else if (session.patientId === principal.personId) return 'patient';
  const role = helperRole(principal);
  if (role === null) return 'none';
  if (takesPart(session, principal.personId)) {
    return session.helperId === principal.personId ? 'helper' : 'joined';
  }
  if (role === 'admin') return 'admin';
  if (role === 'counselor' && session.hasOpenAlert) return 'crisis_team';
  const isWaiting = session.status === 'waiting';
  return isWaiting && mayBeTakenBy(session, role) ? 'candidate' : 'none';
}

export function supportVerdict(act: SupportAct, relation: SupportRelation): Verdict {
  if (relation === 'none') return 'hidden';
  return ALLOWED[act].includes(relation) ? 'allowed' : 'forbidden';
}

/** As which helper somebody may act; null for patients, staff and helpers whom nobody has verified. */
export function helperRole({
  role,
  isVerifiedHelper,
}: Principal): 'peer' | 'counselor' | 'admin' | null {
  if (role === 'admin') return role;
  const isHelper = role === 'peer' || role === 'counselor';
  return isHelper && isVerifiedHelper ? role : null;
}

/** What was tried, for the record: whatever is no id was typed by somebody and stays out of it. */
export function supportTarget(action: string, sessionId: string | null): Target {
  const objectId = sessionId !== null && isUuid(sessionId) ? sessionId : null;
  return { action, objectType: 'support_session', objectId };
}

/**
 * Lets an allowed call go on and gives its relation. Throws `not_found` or `forbidden` otherwise,
 * once that is on record.
 */
export async function enforceSupport(
  call: Call,
  act: SupportAct,
  sessionId: string,
  session: SupportSession | null,
): Promise<SupportRelation> {
  const relation = relationToSupport(call.principal, session);
  await enforce(
    call,
    supportVerdict(act, relation),
    supportTarget(`support_session.${act}`, sessionId),
  );
  return relation;
}

const PARTICIPANTS: ReadonlySet<SupportRelation> = new Set([
  'patient',
  'member',
  'helper',
  'joined',
]);

/** Whether the relation lets somebody read and write in the session. */
export function isParticipant(relation: SupportRelation): boolean {
  return PARTICIPANTS.has(relation);
}
