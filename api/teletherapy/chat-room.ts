import { openChatRoom } from '../../db/chat-rooms.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openHosted } from './open-hosted.ts';

/** POST /teletherapy/{id}/create-chat-room: one for each session, however often it is asked for. */
export async function createChatRoom(call: Call): Promise<Answer> {
  const session = await openHosted(call, 'host');
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  const outcome = await inTransaction(deps.knex, context, async (trx, audit) => {
    const opened = await openChatRoom(trx, deps.cipher, session);
    if (opened.kind === 'opened') {
      const target = { objectType: 'support_session', objectId: opened.chatRoomId };
      audit({ action: 'chat_room.open', ...target, changes: { sessionId: session.id } });
    }
    return opened;
  });
  if (outcome.kind === 'nobody') {
    throw new HoldfastError('wrong_state', 'There is nobody in this session to write to.');
  }
  return { status: 201, body: { chatRoomId: outcome.chatRoomId } };
}
