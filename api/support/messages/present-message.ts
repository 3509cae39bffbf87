import type { ChatPerson } from '../../../db/chat-messages.ts';
import { isSupportOver } from '../../../domain/support-session.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { iso, statusWords } from '../dialect.ts';
import type { MessageView } from './message-view.ts';

type Shape = Readonly<Record<string, unknown>>;

/** What is not said at all where there is nothing to say, since neither version publishes it. */
function extrasOf({ attachments, clientMessageId, editedAt }: MessageView): Shape {
  return {
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(clientMessageId === null ? {} : { clientMessageId }),
    ...(editedAt === null ? {} : { editedAt: iso(editedAt) }),
  };
}

/** Version A's message as its sender gets it back. */
export function sentInA(message: MessageView): Shape {
  const { id, sessionId, senderId, text, type, isEncrypted, number, replyTo } = message;
  return {
    id,
    sessionId,
    senderId,
    content: { text, type },
    timestamp: iso(message.createdAt),
    isEncrypted,
    messageNumber: number,
    ...(replyTo === null ? {} : { replyTo: replyTo.id }),
    ...extrasOf(message),
  };
}

/** Version A's message in a list. */
export function listedInA(message: MessageView): Shape {
  const { id, senderId, sender, senderRole, text, type, number, replyTo, isEncrypted } = message;
  return {
    id,
    senderId,
    senderInfo: { username: sender.username, role: senderRole },
    content: { text, type },
    timestamp: iso(message.createdAt),
    messageNumber: number,
    isEdited: message.editedAt !== null,
    ...(isEncrypted ? { isEncrypted } : {}),
    ...(replyTo === null ? {} : { replyTo: replyTo.id }),
    ...extrasOf(message),
  };
}

/** Version B's message as its sender gets it back. */
export function sentInB(message: MessageView): Shape {
  const { senderId, analysis } = message;
  return { ...bodyInB(message), senderId, aiAnalysis: analysis, ...extrasOf(message) };
}

/** Version B's message as it is delivered to everybody in the session: its `new-message`. */
export function deliveredInB(message: MessageView): Shape {
  const { senderId, sender } = message;
  return { ...bodyInB(message), senderId: personInB(senderId, sender), ...extrasOf(message) };
}

function bodyInB(message: MessageView): Shape {
  const { id, sessionId, text, senderRole, type, createdAt, replyTo, isCrisis } = message;
  return {
    _id: id,
    sessionId,
    message: text,
    senderRole,
    messageType: type,
    createdAt: iso(createdAt),
    replyTo: replyTo === null ? null : { _id: replyTo.id, message: replyTo.text },
    crisisDetected: isCrisis,
  };
}

/** Version B's message in a list. */
export function listedInB(message: MessageView): Shape {
  const { senderId, sender, createdAt, editedAt, replyTo, reactions, attachments } = message;
  return {
    ...bodyInB(message),
    ...extrasOf(message),
    senderId: personInB(senderId, sender),
    updatedAt: iso(editedAt ?? createdAt),
    replyTo: replyTo?.id ?? null,
    reactions: reactionsInB(reactions),
    aiGenerated: false,
    isEdited: editedAt !== null,
    attachments,
  };
}

export function reactionsInB(reactions: MessageView['reactions']): Shape[] {
  return reactions.map(({ personId, reaction, createdAt }) => {
    return { userId: personId, reaction, createdAt: iso(createdAt) };
  });
}

/** As people want to be called; nobody's name in full. */
function personInB(id: string, { username, firstName, preferredName }: ChatPerson): Shape {
  const profile = preferredName === null ? { firstName } : { preferredName };
  return { _id: id, username, profile };
}

/** Version B's `sessionInfo` beside a list. */
export function sessionInfo(session: SupportSession, crisisFlags: number): Shape {
  const { status, isEscalated, participants } = session;
  const shown = isEscalated && !isSupportOver(status) ? 'escalated' : status;
  return {
    status: statusWords(shown).b,
    participants: participants.filter(({ leftAt }) => leftAt === null).length,
    crisisFlags,
  };
}
