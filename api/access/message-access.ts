import type { ChatAttachment } from '../../db/chat-attachments.ts';
import type { ChatMessage } from '../../db/chat-messages.ts';
import type { SupportSession } from '../../db/support-sessions.ts';
import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';
import { relationToSupport, supportVerdict } from './support-access.ts';

/** What can be done with a message that is there. */
export type MessageAct = 'edit' | 'delete' | 'react';

/**
 * Messages are edited by their sender and deleted by their sender or an admin; whoever takes part
 * reacts. To everybody else there is no message, nor to anybody once it was deleted.
 */
export function messageVerdict(
  act: MessageAct,
  principal: Principal,
  session: SupportSession | null,
  message: Pick<ChatMessage, 'senderId' | 'deletedAt'> | null,
): Verdict {
  const relation = relationToSupport(principal, session);
  if (message === null || message.deletedAt !== null) return 'hidden';
  if (act === 'delete' && relation === 'admin') return 'allowed';
  const verdict = supportVerdict('converse', relation);
  if (verdict !== 'allowed' || act === 'react') return verdict;
  return message.senderId === principal.personId ? 'allowed' : 'forbidden';
}

/**
 * An attachment is for those who take part, once a message shows it; until then it is its uploader's
 * alone.
 */
export function attachmentVerdict(
  principal: Principal,
  session: SupportSession | null,
  attachment: Pick<ChatAttachment, 'uploaderId' | 'messageId'> | null,
): Verdict {
  const relation = relationToSupport(principal, session);
  if (attachment === null) return 'hidden';
  const isShown = attachment.messageId !== null || attachment.uploaderId === principal.personId;
  const verdict = supportVerdict('converse', relation);
  return verdict === 'allowed' && !isShown ? 'hidden' : verdict;
}
