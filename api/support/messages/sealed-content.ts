import type { Knex } from 'knex';
import type { FieldCipher, FieldRef, SealedField } from '../../../crypto/field-cipher.ts';
import type { MessageAnalysis } from '../../../domain/message-analysis.ts';
import type { AttachmentWish } from './message-wish.ts';

/** All of a message that is somebody's words or health, sealed together. */
export interface MessageContent {
  readonly text: string;
  readonly attachments: readonly AttachmentWish[];
  readonly analysis: MessageAnalysis;
  readonly clientMessageId: string | null;
}

export interface SealedMessage {
  readonly id: string;
  readonly sessionId: string;
  readonly content: Buffer;
}

/** Bound to its message; every text of a conversation is under that conversation's key. */
function placeOf(sessionId: string, messageId: string): FieldRef {
  return { purpose: 'conversation', objectId: sessionId, column: 'message', rowId: messageId };
}

export async function sealContent(
  cipher: FieldCipher,
  db: Knex,
  { id, sessionId }: { readonly id: string; readonly sessionId: string },
  content: MessageContent,
): Promise<Buffer> {
  return cipher.sealField(db, placeOf(sessionId, id), JSON.stringify(content));
}

/** Many at once, in the same order. */
export async function openContents(
  cipher: FieldCipher,
  db: Knex,
  messages: readonly SealedMessage[],
): Promise<MessageContent[]> {
  if (messages.length === 0) return [];
  const sealed = messages.map(({ id, sessionId, content }): SealedField => {
    return { ref: placeOf(sessionId, id), sealed: content };
  });
  const texts = await cipher.openFields(db, sealed);
  return texts.map((text) => JSON.parse(text) as MessageContent);
}
