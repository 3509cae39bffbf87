import type { Knex } from 'knex';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { chatMessagesById, findChatMessage } from '../../../db/chat-messages.ts';
import type { ChatMessage } from '../../../db/chat-messages.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { hiddenIn } from './message-view.ts';
import type { MessageView, Naming, Quoted } from './message-view.ts';
import { openContents } from './sealed-content.ts';

export type ReadDeps = { readonly knex: Knex; readonly cipher: FieldCipher };

const QUOTED_LENGTH = 120;

/** What is shown of a message that another one answers; no character is cut in two. */
function excerpt(text: string): string {
  if (text.length <= QUOTED_LENGTH) return text;
  return `${text.slice(0, QUOTED_LENGTH).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

/** Throws `refused_by_rule` for what is no message of the session. */
export async function quoteOf(deps: ReadDeps, sessionId: string, id: string): Promise<Quoted> {
  const quoted = await findChatMessage(deps.knex, id);
  if (quoted === null || quoted.sessionId !== sessionId) {
    throw new HoldfastError('refused_by_rule', 'replyTo is no message of this session');
  }
  const [quote] = await openQuotes(deps, [quoted]);
  return quote!;
}

/** What these messages answer, by its id; nothing where none of them is an answer. */
export async function quotesOf(
  deps: ReadDeps,
  messages: readonly ChatMessage[],
): Promise<ReadonlyMap<string, Quoted>> {
  const ids = messages.flatMap(({ replyTo }) => replyTo ?? []);
  const quotes = await openQuotes(deps, await chatMessagesById(deps.knex, ids));
  return new Map(quotes.map((quote) => [quote.id, quote]));
}

async function openQuotes(
  { knex, cipher }: ReadDeps,
  messages: readonly Pick<ChatMessage, 'id' | 'sessionId' | 'content' | 'deletedAt'>[],
): Promise<Quoted[]> {
  const contents = await openContents(cipher, knex, messages);
  return messages.map(({ id, deletedAt }, at) => {
    return { id, text: deletedAt === null ? excerpt(contents[at]!.text) : '' };
  });
}

/** The messages in clear, in the same order. None of them may have been deleted. */
export async function openMessages(
  { knex, cipher }: ReadDeps,
  messages: readonly (ChatMessage & Naming)[],
  quotes: ReadonlyMap<string, Quoted> = new Map(),
): Promise<MessageView[]> {
  const contents = await openContents(cipher, knex, messages);
  return messages.map((row, at) => viewOf(row, contents[at]!, quotes));
}

function viewOf(
  row: ChatMessage & Naming,
  content: Awaited<ReturnType<typeof openContents>>[number],
  quotes: ReadonlyMap<string, Quoted>,
): MessageView {
  const { id, sessionId, number, senderId, senderRole, type, replyTo } = row;
  const { isEncrypted, isCrisis, reactions, createdAt, editedAt } = row;
  return {
    id,
    sessionId,
    number,
    senderId,
    senderRole,
    sender: row.sender,
    hiddenPersonId: hiddenIn(row),
    isAmongMembers: row.isChatRoom,
    type,
    isEncrypted,
    isCrisis,
    replyTo: replyTo === null ? null : (quotes.get(replyTo) ?? { id: replyTo, text: '' }),
    reactions,
    createdAt,
    editedAt,
    ...content,
  };
}

/** One message in clear with what it answers; null once it was deleted. */
export async function readMessageView(
  deps: ReadDeps,
  session: Naming & { readonly id: string },
  id: string,
): Promise<MessageView | null> {
  const message = await findChatMessage(deps.knex, id);
  if (message === null || message.sessionId !== session.id || message.deletedAt !== null) {
    return null;
  }
  const quotes = await quotesOf(deps, [message]);
  const { patientId, isAnonymous, isChatRoom } = session;
  const named = { ...message, patientId, isAnonymous, isChatRoom };
  const [view] = await openMessages(deps, [named], quotes);
  return view ?? null;
}
