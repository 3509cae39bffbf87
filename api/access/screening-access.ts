import type { Knex } from 'knex';
import type { Call } from '../http/handler.ts';
import { enforce } from './clinic-access.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** How a caller stands to somebody's answers and results. */
export type ScreeningRelation = 'self' | 'counselor' | 'admin' | 'none';

/** What can be done with them; answering is the person's own alone. */
export type ScreeningAct = 'answer' | 'read_results' | 'review';

/** The one place that decides who may do what with a screening. What is not here is denied. */
const ALLOWED: Readonly<Record<ScreeningAct, readonly ScreeningRelation[]>> = {
  answer: ['self'],
  read_results: ['self', 'counselor', 'admin'],
  review: ['admin'],
};

/** Of whom somebody wants to know, as far as the clinic's own people are concerned. */
export interface ScreenedPerson {
  readonly id: string;
  readonly clinicId: string;
  /**
   * The caller is their counselor: by a relationship that has not ended, or by a session of theirs
   * that stands or has not been over for long.
   */
  readonly isClient: boolean;
}

/** A screening after a session may be filled in for two weeks, and is talked about after that. */
const COUNSELS_FOR_DAYS = 30;

export async function findScreenedPerson(
  db: Knex,
  { personId }: Principal,
  id: string,
): Promise<ScreenedPerson | null> {
  if (!isUuid(id)) return null;
  const { rows } = await db.raw<{ rows: ScreenedPerson[] }>(
    `SELECT id, clinic_id AS "clinicId", EXISTS (SELECT FROM relationships
         WHERE therapist_id = :personId AND client_id = people.id AND ended_at IS NULL)
       OR EXISTS (SELECT FROM sessions
         WHERE therapist_id = :personId AND client_id = people.id
           AND status IN ('confirmed', 'in_progress', 'completed')
           AND ends_at > now() - make_interval(days => ${COUNSELS_FOR_DAYS})) AS "isClient"
     FROM people WHERE id = :id`,
    { personId, id },
  );
  return rows[0] ?? null;
}

export function relationToScreened(
  principal: Principal,
  person: ScreenedPerson | null,
): ScreeningRelation {
  if (person === null || person.clinicId !== principal.clinicId) return 'none';
  if (person.id === principal.personId) return 'self';
  if (principal.role === 'admin') return 'admin';
  return principal.role === 'counselor' && principal.isVerifiedHelper && person.isClient
    ? 'counselor'
    : 'none';
}

export function screeningVerdict(act: ScreeningAct, relation: ScreeningRelation): Verdict {
  if (relation === 'none') return 'hidden';
  return ALLOWED[act].includes(relation) ? 'allowed' : 'forbidden';
}

/** Questionnaires, the clinic's figures and its reviews are for its admins. */
export function mayRunScreening({ role }: Principal): Verdict {
  return role === 'admin' ? 'allowed' : 'forbidden';
}

/** Lets an allowed reading of somebody's results go on; otherwise throws, once that is on record. */
export async function enforceReading(call: Call, personId: string): Promise<void> {
  const { deps, principal } = call;
  const person = await findScreenedPerson(deps.knex, principal, personId);
  await enforce(call, screeningVerdict('read_results', relationToScreened(principal, person)), {
    action: 'screening_result.read',
    objectType: 'person',
    objectId: personId,
  });
}
