import { auditRead } from '../../db/audit/record.ts';
import { findConversation, listTurns } from '../../db/companion.ts';
import type { CompanionConversation } from '../../db/companion.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforceCompanion } from '../access/companion-access.ts';
import type { Call } from '../http/handler.ts';
import { openTurns } from './sealed-texts.ts';
import type { OpenedTurn } from './sealed-texts.ts';

export interface ReadConversation {
  readonly conversation: CompanionConversation;
  readonly turns: readonly OpenedTurn[];
}

/** As much of a conversation as is read at once, from its end. */
const MOST_TURNS = 1_000;

/** A conversation in clear, for its owner, once the reading is on record. Throws `not_found`. */
export async function readConversation(call: Call): Promise<ReadConversation> {
  const { deps, principal, requestId } = call;
  const given = call.params['id']!;
  const id = given.toLowerCase();
  const found = await findConversation(deps.knex, id);
  const conversation = await enforceCompanion(call, 'read', given, found);
  const turns = await listTurns(deps.knex, id, MOST_TURNS);
  const opened = await openTurns(deps.cipher, deps.knex, id, turns);
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'companion_conversation.read',
    objectType: 'companion_conversation',
    objectId: id,
    subjectId: conversation.personId,
  });
  return { conversation, turns: opened };
}
