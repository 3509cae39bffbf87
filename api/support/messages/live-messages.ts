import { chatMessagesAfter } from '../../../db/chat-lists.ts';
import type { MessageView } from './message-view.ts';
import { openMessages, quotesOf } from './read-message.ts';
import type { ReadDeps } from './read-message.ts';

/** Messages of one session with a greater number. */
export interface LiveRange {
  readonly sessionId: string;
  readonly after: number;
}

/** One number of a session, for delivery. */
export interface LiveView {
  readonly sessionId: string;
  readonly number: number;
  /** Null where the message was deleted before it was delivered. */
  readonly message: MessageView | null;
}

/**
 * What is new in several sessions, in the order of their numbers, read together and decrypted. The
 * caller sees to it that only those who take part get it.
 */
export async function readLiveMessages(
  deps: ReadDeps,
  ranges: readonly LiveRange[],
  limit: number,
): Promise<LiveView[]> {
  if (ranges.length === 0) return [];
  const rows = await chatMessagesAfter(deps.knex, ranges, limit);
  const shown = rows.filter(({ deletedAt }) => deletedAt === null);
  const quotes = await quotesOf(deps, shown);
  const views = new Map<string, MessageView>();
  for (const view of await openMessages(deps, shown, quotes)) views.set(view.id, view);
  return rows.map(({ id, sessionId, number }) => {
    return { sessionId, number, message: views.get(id) ?? null };
  });
}
