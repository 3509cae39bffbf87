import type { Knex } from 'knex';
import { auditRead } from '../../db/audit/record.ts';
import {
  listClinicPeople,
  lockForJudgement,
  reinstatePerson,
  suspendPerson,
  verifyHelper,
} from '../../db/clinic-people.ts';
import type { PersonState } from '../../db/clinic-people.ts';
import { findPerson } from '../../db/people.ts';
import type { Person, PersonRole } from '../../db/people.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayJudgePerson, mayListPeople } from '../access/people-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export interface PeopleQuery extends PageQuery {
  readonly role?: PersonRole;
  readonly state?: PersonState;
  readonly includeAnonymous: boolean;
}

/** GET /api/v1/people */
export async function listPeople(call: Call<unknown, PeopleQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'person.list', objectType: 'person', objectId: null };
  await enforce(call, mayListPeople(principal), target);
  const people = await listClinicPeople(deps.knex, {
    clinicId: principal.clinicId,
    role: query.role ?? null,
    state: query.state ?? null,
    includeAnonymous: query.includeAnonymous,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  return { status: 200, body: pageOf(people, query.limit, present) };
}

/** POST /api/v1/people/{id}/verify: from now on they may act as a helper. */
export function verifyPerson(call: Call): Promise<Answer> {
  return judge(call, 'person.verify', async (trx, person) => {
    if (person.role !== 'peer' && person.role !== 'counselor') {
      throw new HoldfastError('refused_by_rule', 'Only peers and counselors are verified');
    }
    if (person.suspendedAt !== null) {
      throw new HoldfastError('wrong_state', 'The person is suspended; reinstate them first');
    }
    await verifyHelper(trx, person.id);
    return [];
  });
}

/** POST /api/v1/people/{id}/suspend: whatever they have signed in ends at once. */
export function suspendPersonOf(call: Call): Promise<Answer> {
  return judge(call, 'person.suspend', (trx, person) => {
    if (person.id === call.principal.personId) {
      throw new HoldfastError('refused_by_rule', 'Nobody suspends themselves');
    }
    return suspendPerson(trx, person.id);
  });
}

/** POST /api/v1/people/{id}/reinstate: they may sign in again. */
export function reinstatePersonOf(call: Call): Promise<Answer> {
  return judge(call, 'person.reinstate', async (trx, person) => {
    await reinstatePerson(trx, person.id);
    return [];
  });
}

/** Each judgement changes nothing where it holds already. `act` gives the token families that it ended. */
async function judge(
  call: Call,
  action: string,
  act: (trx: Knex.Transaction, person: Person) => Promise<readonly string[]>,
): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const personId = call.params['id']!;
  const target = { action, objectType: 'person', objectId: personId };
  const known = await findPerson(deps.knex, personId);
  await enforce(call, mayJudgePerson(principal, known), target);
  const context = auditContext(principal, requestId);
  const { person, endedFamilyIds } = await inTransaction(deps.knex, context, async (trx, audit) => {
    const before = await lockForJudgement(trx, principal.personId, personId);
    const endedFamilyIds = await act(trx, before);
    audit({ ...target, subjectId: personId });
    return { person: await findPerson(trx, personId), endedFamilyIds };
  });
  for (const familyId of endedFamilyIds) deps.authenticator.forgetFamily(familyId);
  if (person === null) throw new HoldfastError('not_found', 'There is nothing of this id');
  return { status: 200, body: present(person) };
}

function present(person: Person): { readonly id: string } & Record<string, unknown> {
  const { id, role, username, email, firstName, lastName, isAnonymous } = person;
  const iso = (instant: Date | null): string | null => instant?.toISOString() ?? null;
  return {
    id,
    role,
    username,
    email,
    firstName,
    lastName,
    isAnonymous,
    emailVerifiedAt: iso(person.emailVerifiedAt),
    verifiedAt: iso(person.verifiedAt),
    suspendedAt: iso(person.suspendedAt),
    lastLoginAt: iso(person.lastLoginAt),
    createdAt: iso(person.createdAt),
  };
}

export const peopleHandlers = {
  listPeople,
  verifyPerson,
  suspendPerson: suspendPersonOf,
  reinstatePerson: reinstatePersonOf,
};
