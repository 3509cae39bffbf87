import type { Knex } from 'knex';
import { auditRead } from '../../db/audit/record.ts';
import { findPerson } from '../../db/people.ts';

/** Puts on record that a room showed somebody what was written in it before. */
export async function recordChatShown(
  knex: Knex,
  shown: { readonly sessionId: string; readonly personId: string; readonly count: number },
): Promise<void> {
  const { sessionId, personId, count } = shown;
  const person = await findPerson(knex, personId);
  if (person === null) return;
  const actor = { id: personId, role: person.role, clinicId: person.clinicId };
  await auditRead(
    knex,
    { actor, requestId: null },
    {
      action: 'session_chat.read',
      objectType: 'session',
      objectId: sessionId,
      changes: { shown: count },
    },
  );
}
