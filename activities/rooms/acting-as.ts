import type { Knex } from 'knex';
import type { AuditContext } from '../../db/audit/entry.ts';

/** Somebody who acts in a room. */
export async function actingAs(knex: Knex, personId: string): Promise<AuditContext> {
  const person = await knex('people').where({ id: personId }).first('clinic_id', 'role');
  const actor = { id: personId, role: person.role, clinicId: person.clinic_id };
  return { actor, requestId: null };
}
