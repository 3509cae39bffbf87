import { auditRead } from '../../../db/audit/record.ts';
import { countChatMessages } from '../../../db/chat-lists.ts';
import { seeParticipant } from '../../../db/support-queue.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforceSupport } from '../../access/support-access.ts';
import type { Answer, Call, HandlerMap } from '../../http/handler.ts';
import type { UploadBody } from '../../http/upload.ts';
import { inBothShapes, iso } from '../dialect.ts';
import { keepUpload, openAttachment } from './attachments.ts';
import { deleteMessage, editMessage, reactToMessage } from './change-message.ts';
import { readPage } from './message-page.ts';
import type { PageQuery, SearchReach } from './message-page.ts';
import {
  listedInA,
  listedInB,
  reactionsInB,
  sentInA,
  sentInB,
  sessionInfo,
} from './present-message.ts';
import { openMessages } from './read-message.ts';
import { sendMessage } from './send-message.ts';
import { systemNotes } from './system-notes.ts';

/** `POST /api/messages` */
async function postMessage(call: Call): Promise<Answer> {
  const { deps, principal, body, requestId, newId } = call;
  const sent = await sendMessage(deps, principal, body, { requestId, newId });
  return inBothShapes(201, {
    message: 'Message sent successfully',
    a: { message: sentInA(sent.message) },
    b: { messageData: sentInB(sent.message), aiSuggestions: sent.suggestions },
  });
}

/** `GET /api/messages/session/{sessionId}` */
async function listMessages(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, requestId, query } = call;
  const { knex } = deps;
  const sessionId = call.params['id']!.toLowerCase();
  const session = await findSupportSession(knex, sessionId);
  await enforceSupport(call, 'converse', sessionId, session);
  if (session === null) throw new HoldfastError('not_found', 'There is no such session');
  const [page, counts, notes] = await Promise.all([
    readPage(deps, sessionId, query),
    countChatMessages(knex, sessionId),
    systemNotes(deps, session, principal.personId),
    seeParticipant(knex, sessionId, principal.personId),
  ]);
  const { patientId, isAnonymous, isChatRoom } = session;
  const naming = { patientId, isAnonymous, isChatRoom };
  const named = page.messages.map((one) => ({ ...one, ...naming }));
  const messages = await openMessages(deps, named);
  await auditRead(knex, auditContext(principal, requestId), {
    action: 'message.list',
    objectType: 'support_session',
    objectId: sessionId,
    subjectId: session.patientId,
  });
  const { hasMore, search } = page;
  const pagination = {
    hasMore,
    total: search?.matches ?? counts.total,
    oldestMessageId: messages[0]?.id ?? null,
    newestMessageId: messages.at(-1)?.id ?? null,
    ...(search === null ? {} : searchReach(search)),
  };
  return inBothShapes(200, {
    a: {
      messages: messages.map((one) => listedInA(one, principal.personId)),
      count: messages.length,
      hasMore,
    },
    b: {
      messages: messages.map((one) => listedInB(one, principal.personId)),
      pagination,
      sessionInfo: sessionInfo(session, counts.crisis),
      ...(notes.length === 0 ? {} : { systemNotes: notes }),
    },
  });
}

function searchReach({ searched, isCapped, untilId }: SearchReach): Record<string, unknown> {
  return { searched, searchCapped: isCapped, searchedUntilId: untilId };
}

/** `PUT /api/messages/{id}` */
async function putMessage(call: Call): Promise<Answer> {
  const message = await editMessage(call);
  const { id: _id, text, editedAt } = message;
  return inBothShapes(200, {
    message: 'Message updated successfully',
    a: { message: sentInA(message) },
    b: { messageData: { _id, message: text, isEdited: true, editedAt: iso(editedAt) } },
  });
}

/** `DELETE /api/messages/{id}` */
async function removeMessage(call: Call): Promise<Answer> {
  await deleteMessage(call);
  return inBothShapes(200, { message: 'Message deleted successfully' });
}

/** `POST /api/messages/{id}/reactions` */
async function toggleMessageReaction(call: Call<{ readonly reaction: string }>): Promise<Answer> {
  const { toggled, message } = await reactToMessage(call);
  const reactions = reactionsInB(message, call.principal.personId);
  return inBothShapes(200, {
    message: toggled === 'added' ? 'Reaction added' : 'Reaction removed',
    a: { messageId: message.id, reactions },
    b: { messageId: message.id, reactions },
  });
}

/** `POST /api/messages/attachments` */
async function uploadAttachment(call: Call<UploadBody>): Promise<Answer> {
  const { id, mediaType, ...shown } = await keepUpload(call);
  return inBothShapes(201, {
    message: 'File uploaded successfully',
    a: { attachment: { id, ...shown, mediaType } },
    b: { attachment: { _id: id, ...shown, mediaType } },
  });
}

/** `GET /api/messages/attachments/{id}` */
async function downloadAttachment(call: Call): Promise<Answer> {
  const { bytes, filename, mediaType } = await openAttachment(call);
  return {
    status: 200,
    body: bytes,
    contentType: mediaType,
    headers: {
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`,
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'private, no-store',
    },
  };
}

export const messageHandlers = {
  uploadAttachment,
  downloadAttachment,
  postMessage,
  listMessages,
  putMessage,
  removeMessage,
  toggleMessageReaction,
} satisfies Partial<HandlerMap>;
