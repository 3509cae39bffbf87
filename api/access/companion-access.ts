import type { CompanionConversation } from '../../db/companion.ts';
import { isUuid } from '../../domain/ids.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Call } from '../http/handler.ts';
import { enforce } from './clinic-access.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** How a caller stands to a conversation with the companion. */
export type CompanionRelation = 'owner' | 'none';

export type CompanionAct = 'converse' | 'read' | 'end';

/**
 * What somebody tells the companion is theirs alone: neither helpers nor admins see it. Whoever
 * they are handed over to is given a summary, where they agree to it.
 */
export function relationToConversation(
  principal: Principal,
  conversation: Pick<CompanionConversation, 'personId' | 'clinicId'> | null,
): CompanionRelation {
  if (conversation === null || conversation.clinicId !== principal.clinicId) return 'none';
  return conversation.personId === principal.personId ? 'owner' : 'none';
}

export function companionVerdict(relation: CompanionRelation): Verdict {
  return relation === 'owner' ? 'allowed' : 'hidden';
}

/** The conversation, for its owner. Throws `not_found` for everybody else, once that is on record. */
export async function enforceCompanion(
  call: Call,
  act: CompanionAct,
  id: string,
  conversation: CompanionConversation | null,
): Promise<CompanionConversation> {
  await enforce(call, companionVerdict(relationToConversation(call.principal, conversation)), {
    action: `companion_conversation.${act}`,
    objectType: 'companion_conversation',
    objectId: isUuid(id) ? id : null,
  });
  if (conversation === null) throw new HoldfastError('not_found', 'There is nothing of this id');
  return conversation;
}
