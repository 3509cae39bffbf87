import { broadcast } from '../../../db/broadcasts.ts';
import { markDeleted, replaceContent, toggleReaction } from '../../../db/chat-changes.ts';
import type { Toggled } from '../../../db/chat-changes.ts';
import { findChatMessage } from '../../../db/chat-messages.ts';
import type { ChatMessage } from '../../../db/chat-messages.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { analyseMessage } from '../../../domain/message-analysis.ts';
import { isUnreadable } from '../../../domain/readable-text.ts';
import { isSupportOver } from '../../../domain/support-session.ts';
import { enforce } from '../../access/clinic-access.ts';
import { auditContext } from '../../access/audit-context.ts';
import { messageVerdict } from '../../access/message-access.ts';
import type { MessageAct } from '../../access/message-access.ts';
import { asWritten } from '../../crisis/as-written.ts';
import { screenWords } from '../../crisis/screen-words.ts';
import type { Call } from '../../http/handler.ts';
import { inTransactionWithAlarm, raiseAlarm } from '../../crisis/alarm.ts';
import type { Heard } from '../../crisis/alarm.ts';
import { conversationsOf } from './conversations.ts';
import { malformed, readEdit } from './message-wish.ts';
import type { MessageView } from './message-view.ts';
import { readMessageView } from './read-message.ts';
import { openContents, sealContent } from './sealed-content.ts';
import type { MessageContent } from './sealed-content.ts';

interface Found {
  readonly session: SupportSession;
  readonly message: ChatMessage;
}

/** Throws `not_found` or `forbidden`, once that is on record. */
async function findFor(call: Call, act: MessageAct): Promise<Found> {
  const { knex } = call.deps;
  const id = call.params['id']!;
  const message = await findChatMessage(knex, id);
  const session = message === null ? null : await findSupportSession(knex, message.sessionId);
  await enforce(call, messageVerdict(act, call.principal, session, message), {
    action: `message.${act}`,
    objectType: 'message',
    objectId: id,
  });
  if (message === null || session === null) throw gone();
  return { session, message };
}

function gone(): HoldfastError {
  return new HoldfastError('not_found', 'There is no such message');
}

/**
 * Gives a message another text and keeps the one before. The detector reads the new one before
 * anything can refuse it. Throws `malformed_request`, `not_found`, `forbidden`, `wrong_state`,
 * `refused_by_rule`, `version_conflict`.
 */
export async function editMessage(call: Call): Promise<MessageView> {
  const { deps, principal, body, requestId } = call;
  const { text, faults } = readEdit(body);
  const words = text ?? asWritten(body);
  let heard: Heard = { principal, screening: screenWords(text ?? body), words, sessionId: null };
  try {
    if (text === null) throw malformed(faults);
    const found = await findFor(call, 'edit');
    const { session } = found;
    const { contexts } = conversationsOf(deps);
    const known = await contexts.get(deps, session.id, principal.personId);
    const previous = contexts.textsInView(principal.personId, known, Date.now());
    heard = { ...heard, sessionId: session.id };
    if (previous.length > 0) heard = { ...heard, screening: screenWords(words, { previous }) };
    requireEditable(found, text);
    await replace(call, found, text, heard);
    return await reread(call, session);
  } catch (error) {
    await raiseAlarm(deps, heard, requestId);
    throw error;
  }
}

function requireEditable({ session, message }: Found, text: string): void {
  if (isSupportOver(session.status)) {
    throw new HoldfastError('wrong_state', 'The session is over');
  }
  if (isUnreadable(text, message.isEncrypted)) {
    const reason = 'The text must be readable here, where help is called';
    throw new HoldfastError('refused_by_rule', reason);
  }
}

async function replace(
  { deps, principal, requestId }: Call,
  { session, message }: Found,
  text: string,
  heard: Heard,
): Promise<void> {
  const { knex, cipher } = deps;
  const [before] = await openContents(cipher, knex, [message]);
  const isCrisis = heard.screening.severity !== null;
  const analysis = analyseMessage(text, heard.screening.finding.severity, isCrisis);
  const content: MessageContent = { ...before!, text, analysis };
  const sealed = await sealContent(cipher, knex, message, content);
  const who = auditContext(principal, requestId);
  const about = { objectType: 'message', objectId: message.id, subjectId: session.patientId };
  const alarm = { ...heard, messageId: message.id };
  await inTransactionWithAlarm(deps, who, alarm, async (trx, audit) => {
    const editedAt = await replaceContent(trx, message, sealed, isCrisis);
    if (editedAt === null) {
      throw new HoldfastError('version_conflict', 'The message has changed meanwhile');
    }
    audit({ action: 'message.edit', ...about, changes: { version: message.version + 1 } });
    await broadcast(trx, newsOf('message-updated', message));
    return { result: undefined, isDone: true };
  });
  conversationsOf(deps).contexts.forget(session.id, principal.personId);
}

function newsOf(event: string, { id, sessionId, number }: ChatMessage) {
  return { room: `session:${sessionId}`, event, ids: { messageId: id, number } } as const;
}

async function reread({ deps, params }: Call, session: SupportSession): Promise<MessageView> {
  const view = await readMessageView(deps, session, params['id']!);
  if (view === null) throw gone();
  return view;
}

/** Takes a message out of every list. Throws `not_found` or `forbidden`. */
export async function deleteMessage(call: Call): Promise<void> {
  const { deps, principal, requestId } = call;
  const { session, message } = await findFor(call, 'delete');
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    if (!(await markDeleted(trx, message.id, principal.personId))) throw gone();
    const about = { objectType: 'message', objectId: message.id, subjectId: session.patientId };
    audit({ action: 'message.delete', ...about });
    await broadcast(trx, newsOf('message-deleted', message));
  });
}

export interface Reacted {
  readonly toggled: Toggled;
  readonly message: MessageView;
}

/** Adds the caller's reaction or takes it back. Throws `not_found`, `refused_by_rule`. */
export async function reactToMessage(call: Call<{ readonly reaction: string }>): Promise<Reacted> {
  const { deps, principal, requestId, body } = call;
  const { session, message } = await findFor(call, 'react');
  if (isSupportOver(session.status)) throw new HoldfastError('wrong_state', 'The session is over');
  const who = auditContext(principal, requestId);
  const toggled = await inTransaction(deps.knex, who, async (trx, audit) => {
    const place = { messageId: message.id, personId: principal.personId };
    const toggled = await toggleReaction(trx, { ...place, reaction: body.reaction });
    if (toggled === null) {
      throw new HoldfastError('refused_by_rule', 'These are too many reactions to one message');
    }
    const about = { objectType: 'message', objectId: message.id, subjectId: session.patientId };
    audit({ action: 'message.react', ...about, changes: { toggled } });
    await broadcast(trx, newsOf('message-reaction', message));
    return toggled;
  });
  return { toggled, message: await reread(call, session) };
}
