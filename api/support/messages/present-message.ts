import type { SupportSession } from '../../../db/support-sessions.ts';
import { isSupportOver } from '../../../domain/support-session.ts';
import { iso, statusWords } from '../dialect.ts';
import { idFor, senderFor } from './message-view.ts';
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
    ...(message.editedAt === null ? {} : { isEdited: true }),
    ...(replyTo === null ? {} : { replyTo: replyTo.id }),
    ...extrasOf(message),
  };
}

/** Version A's message in a list that one of the session reads. */
export function listedInA(message: MessageView, readerId: string): Shape {
  const { id, senderRole, text, type, number, replyTo, isEncrypted } = message;
  const sender = senderFor(message, readerId);
  return {
    id,
    senderId: sender.id,
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

/**
 * `new-message` as one of the session gets it: version B's object as published, with version A's
 * content object as `content`. Null reads as everybody but an anonymous patient does.
 */
export function newMessageEvent(message: MessageView, readerId: string | null): Shape {
  const { text, type, number } = message;
  return {
    ...bodyInB(message),
    senderId: senderInB(message, readerId),
    content: { text, type },
    messageNumber: number,
    ...extrasOf(message),
  };
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

/** Version B's message in a list that one of the session reads. */
export function listedInB(message: MessageView, readerId: string): Shape {
  const { createdAt, editedAt, replyTo, attachments } = message;
  return {
    ...bodyInB(message),
    ...extrasOf(message),
    senderId: senderInB(message, readerId),
    updatedAt: iso(editedAt ?? createdAt),
    replyTo: replyTo?.id ?? null,
    reactions: reactionsInB(message, readerId),
    aiGenerated: false,
    isEdited: editedAt !== null,
    attachments,
  };
}

export function reactionsInB(message: MessageView, readerId: string): Shape[] {
  return message.reactions.map(({ personId, reaction, createdAt }) => {
    return { userId: idFor(message, personId, readerId), reaction, createdAt: iso(createdAt) };
  });
}

function senderInB(message: MessageView, readerId: string | null): Shape {
  const { id, username, profile } = senderFor(message, readerId);
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
