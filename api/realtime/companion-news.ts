import type { Broadcast } from '../../db/broadcasts.ts';
import { findTurn } from '../../db/companion.ts';
import { openSealed } from '../companion/sealed-texts.ts';
import { KeyedQueue } from '../support/messages/keyed-queue.ts';
import type { Live } from './live.ts';

/** A turn's news, one after the other: what is shown of a reply only grows. */
const queue = new KeyedQueue();

/**
 * Shows somebody's own sockets what a model has written so far, or the reply that counts. Between
 * processes go ids alone: each that has a socket of theirs opens the text itself.
 */
export async function tellCompanionReply(
  live: Live,
  { room, event, ids }: Broadcast,
): Promise<void> {
  const { io, deps } = live;
  if (!io.of('/').adapter.rooms.has(room)) return;
  const turnId = String(ids['turnId']);
  await queue.run(turnId, async () => {
    const turn = await findTurn(deps.knex, turnId);
    if (turn === null) return;
    const { conversationId, number } = turn;
    const place = { conversationId, turnId };
    const shown = { conversationId, turnId, number };
    if (event === 'companion-reply-part') {
      // The reply may be there by now, which takes the place of its parts.
      if (turn.partial === null) return;
      const { text } = await openSealed(deps.cipher, deps.knex, place, 'partial', turn.partial);
      io.local.to(room).emit(event, { ...shown, text });
      return;
    }
    const reply = await openSealed(deps.cipher, deps.knex, place, 'reply', turn.reply);
    const { text, type, suggestions, alertId } = reply;
    const alert = alertId === null ? {} : { alertCreated: alertId };
    io.local.to(room).emit(event, { ...shown, text, type, suggestions, ...alert });
  });
}
