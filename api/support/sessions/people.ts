import type { SupportRelation } from '../../access/support-access.ts';
import { findSupportPeople } from '../../../db/support-people.ts';
import type { SupportPerson } from '../../../db/support-people.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import type { Knex } from 'knex';
import { patientAlias } from '../../../domain/support-session.ts';
import { publishedRole } from '../dialect-people.ts';

/** A session's people as one reader may know them. */
export interface SupportFaces {
  readonly patient: SupportPerson;
  readonly helper: SupportPerson | null;
}

/** Who reads: helpers of an anonymous session know its patient by an alias only. */
export function facesOf(
  session: SupportSession,
  people: ReadonlyMap<string, SupportPerson>,
  relation: SupportRelation,
): SupportFaces {
  const helper = session.helperId === null ? null : (people.get(session.helperId) ?? null);
  const isHidden = hidesPatient(session, relation);
  return { patient: isHidden ? unknown(session) : people.get(session.patientId)!, helper };
}

/** Of anybody in a session, the id as one reader may know it. */
export function idFor(
  session: SupportSession,
  personId: string | null,
  relation: SupportRelation,
): string | null {
  const isHidden = hidesPatient(session, relation);
  return isHidden && personId === session.patientId ? patientAlias(session.id).id : personId;
}

/** Members of a group know nobody by their account. */
function hidesPatient(session: SupportSession, relation: SupportRelation): boolean {
  return relation === 'member' || (session.isAnonymous && !KNOWS_PATIENT.has(relation));
}

/** Those who look after lives have to know whose it is. */
const KNOWS_PATIENT: ReadonlySet<SupportRelation> = new Set(['patient', 'admin', 'crisis_team']);

function unknown(session: SupportSession): SupportPerson {
  return {
    ...patientAlias(session.id),
    role: 'patient',
    firstName: 'Anonymous',
    preferredName: null,
    specializations: [],
    rating: null,
    sessionsCompleted: 0,
  };
}

/** The patients and helpers of some sessions, by their ids. */
export async function peopleOf(
  db: Knex,
  sessions: readonly SupportSession[],
): Promise<ReadonlyMap<string, SupportPerson>> {
  const ids = sessions.flatMap(({ patientId, helperId }) => [patientId, helperId]);
  return findSupportPeople(
    db,
    ids.filter((id) => id !== null),
  );
}

/** Version B's patient. */
export function patientInB({ id, username, firstName, preferredName }: SupportPerson): object {
  return { _id: id, username, profile: { firstName, preferredName } };
}

/** Version B's helper in a list. */
export function helperInB(helper: SupportPerson | null): object | null {
  if (helper === null) return null;
  const { id, username, firstName, specializations } = helper;
  return { _id: id, username, profile: { firstName, specializations } };
}

/** Version B's helper in one session's answer, with what others thought of them. */
export function knownHelperInB(helper: SupportPerson | null): object | null {
  if (helper === null) return null;
  const { id, username, firstName, specializations, rating, sessionsCompleted } = helper;
  const profile = { firstName, specializations, rating, sessionsCompleted };
  return { _id: id, username, profile };
}

/** Version B's helper right after accepting. */
export function acceptingHelperInB(helper: SupportPerson | null): object | null {
  if (helper === null) return null;
  const { id, username, firstName } = helper;
  return { _id: id, username, profile: { firstName }, role: publishedRole(helper) };
}
