import { EVERYTHING, listChatMessages } from '../../../db/chat-lists.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import type { Call } from '../../http/handler.ts';
import { iso } from '../dialect.ts';
import { senderFor } from '../messages/message-view.ts';
import { openMessages } from '../messages/read-message.ts';

const MOST_RECENT = 10;

/** The last messages of a session in version B's shape, for those who take part in it. */
export async function recentMessages(call: Call, session: SupportSession): Promise<object[]> {
  const { deps, principal } = call;
  const { id, patientId, isAnonymous, isChatRoom } = session;
  const page = { from: 'newest', limit: MOST_RECENT } as const;
  const messages = await listChatMessages(deps.knex, id, EVERYTHING, page);
  const naming = { patientId, isAnonymous, isChatRoom };
  const named = messages.map((message) => ({ ...message, ...naming }));
  return (await openMessages(deps, named)).map((message) => ({
    _id: message.id,
    message: message.text,
    senderId: senderFor(message, principal.personId).id,
    senderRole: message.senderRole,
    createdAt: iso(message.createdAt),
  }));
}
