import type { Knex } from 'knex';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { findChatMessage } from '../../../db/chat-messages.ts';
import type { ChatMessage } from '../../../db/chat-messages.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { nameIn } from './message-view.ts';
import type { MessageView, Quoted } from './message-view.ts';
import { openContents } from './sealed-content.ts';

export type ReadDeps = { readonly knex: Knex; readonly cipher: FieldCipher };

interface SessionOfMessages {
  readonly id: string;
  readonly patientId: string;
  readonly isAnonymous: boolean;
}

const QUOTED_LENGTH = 120;

/** What is shown of a message that another one answers. */
function excerpt(text: string): string {
  const characters = [...text];
  if (characters.length <= QUOTED_LENGTH) return text;
  return `${characters.slice(0, QUOTED_LENGTH).join('')}...`;
}

/** Throws `refused_by_rule` for what is no message of the session. */
export async function quoteOf(deps: ReadDeps, sessionId: string, id: string): Promise<Quoted> {
  const quoted = await findChatMessage(deps.knex, id);
  if (quoted === null || quoted.sessionId !== sessionId) {
    throw new HoldfastError('refused_by_rule', 'replyTo is no message of this session');
  }
  const [quote] = await quotesOf(deps, [quoted]);
  return quote!;
}

async function quotesOf(
  { knex, cipher }: ReadDeps,
  messages: readonly ChatMessage[],
): Promise<Quoted[]> {
  const contents = await openContents(cipher, knex, messages);
  return messages.map(({ id, deletedAt }, at) => {
    return { id, text: deletedAt === null ? excerpt(contents[at]!.text) : '' };
  });
}

/** The messages in clear, in the same order. None of them may have been deleted. */
export async function openMessages(
  { knex, cipher }: ReadDeps,
  session: SessionOfMessages,
  messages: readonly ChatMessage[],
  quotes: ReadonlyMap<string, Quoted> = new Map(),
): Promise<MessageView[]> {
  const contents = await openContents(cipher, knex, messages);
  return messages.map((row, at) => {
    const { content: _sealed, deletedAt: _deletedAt, version: _version, replyTo, ...message } = row;
    const quoted = replyTo === null ? null : (quotes.get(replyTo) ?? { id: replyTo, text: '' });
    const sender = nameIn(session, row.senderId, row.sender);
    return { ...message, ...contents[at]!, sender, replyTo: quoted };
  });
}

/** One message in clear with what it answers; null once it was deleted. */
export async function readMessageView(
  deps: ReadDeps,
  session: SessionOfMessages,
  id: string,
): Promise<MessageView | null> {
  const message = await findChatMessage(deps.knex, id);
  if (message === null || message.sessionId !== session.id || message.deletedAt !== null) {
    return null;
  }
  const quote = message.replyTo === null ? null : await quoteOf(deps, session.id, message.replyTo);
  const quotes = new Map(quote === null ? [] : [[quote.id, quote]]);
  const [view] = await openMessages(deps, session, [message], quotes);
  return view ?? null;
}
