import { openChatRoom } from '../../db/chat-rooms.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openHosted } from './open-hosted.ts';

/**
 * POST /teletherapy/{id}/create-chat-room: one for each session, however often it is asked for. Each
 * time its members are those who have a seat by then.
 */
export async function createChatRoom(call: Call): Promise<Answer> {
  const session = await openHosted(call, 'host');
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  const { cipher } = deps;
  const outcome = await inTransaction(deps.knex, context, (trx, audit) =>
    openChatRoom(trx, { cipher, audit }, session),
  );
  if (outcome.kind === 'nobody') {
    throw new HoldfastError('wrong_state', 'There is nobody in this session to write to.');
  }
  if (outcome.kind === 'called_off') {
    throw new HoldfastError('wrong_state', 'The session does not take place.');
  }
  return { status: 201, body: { chatRoomId: outcome.chatRoomId } };
}
