import type { ChatPerson, ChatReaction, ChatSenderRole } from '../../../db/chat-messages.ts';
import type { MessageAnalysis } from '../../../domain/message-analysis.ts';
import type { MessageType } from '../dialect.ts';
import type { AttachmentWish } from './message-wish.ts';

/** The start of the message that another one answers. */
export interface Quoted {
  readonly id: string;
  /** Empty once it was deleted. */
  readonly text: string;
}

/** A message in clear, as those who take part may see it. */
export interface MessageView {
  readonly id: string;
  readonly sessionId: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly senderId: string;
  readonly senderRole: ChatSenderRole;
  readonly sender: ChatPerson;
  readonly text: string;
  readonly type: MessageType;
  readonly attachments: readonly AttachmentWish[];
  readonly isEncrypted: boolean;
  readonly isCrisis: boolean;
  readonly analysis: MessageAnalysis;
  readonly clientMessageId: string | null;
  readonly replyTo: Quoted | null;
  readonly reactions: readonly ChatReaction[];
  readonly createdAt: Date;
  readonly editedAt: Date | null;
}

/** What the patient of an anonymous session goes by. */
const ALIAS: ChatPerson = { username: 'anonymous', firstName: 'Anonymous', preferredName: null };

/** By which name the sender is known in the session. */
export function nameIn(
  session: { readonly patientId: string; readonly isAnonymous: boolean },
  senderId: string,
  sender: ChatPerson,
): ChatPerson {
  return session.isAnonymous && senderId === session.patientId ? ALIAS : sender;
}
