import type { ChatPerson, ChatReaction, ChatSenderRole } from '../../../db/chat-messages.ts';
import type { MessageAnalysis } from '../../../domain/message-analysis.ts';
import { memberAlias, patientAlias } from '../../../domain/support-session.ts';
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
  /** The session's patient, where helpers know them by an alias only. */
  readonly hiddenPersonId: string | null;
  /** In a room that members of a group share, who know each other by aliases. */
  readonly isAmongMembers: boolean;
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

/** How the people of a session are shown in it. */
export interface Naming {
  readonly patientId: string;
  readonly isAnonymous: boolean;
  readonly isChatRoom: boolean;
}

export function hiddenIn({ patientId, isAnonymous }: Naming): string | null {
  return isAnonymous ? patientId : null;
}

export interface Face {
  readonly id: string;
  readonly username: string;
  readonly profile: Readonly<Record<string, string>>;
}

/** The sender as one reader may know them; everybody knows themselves. */
export function senderFor(message: MessageView, readerId: string | null): Face {
  const { senderId, sessionId, sender, hiddenPersonId } = message;
  if (senderId === hiddenPersonId && senderId !== readerId) {
    return { ...patientAlias(sessionId), profile: {} };
  }
  const { username, firstName, preferredName } = sender;
  // As people want to be called; nobody's name in full.
  const profile: Record<string, string> =
    preferredName === null ? { firstName } : { preferredName };
  if (message.isAmongMembers && message.senderRole === 'patient' && senderId !== readerId) {
    return { ...memberAlias(sessionId, senderId), profile };
  }
  return { id: senderId, username: username ?? 'Anonymous', profile };
}

/** Of anybody in the session, the id as one reader may know it. */
export function idFor(message: MessageView, personId: string, readerId: string | null): string {
  const { hiddenPersonId, sessionId } = message;
  if (message.isAmongMembers && personId !== readerId) return memberAlias(sessionId, personId).id;
  const isHidden = personId === hiddenPersonId && personId !== readerId;
  return isHidden ? patientAlias(sessionId).id : personId;
}
