import { toInsert } from '../../../db/audit/entry.ts';
import { insertChatMessage } from '../../../db/chat-messages.ts';
import type { NewChatMessage, SendOutcome } from '../../../db/chat-messages.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { untilWon } from '../../../db/transaction.ts';
import { analyseMessage } from '../../../domain/message-analysis.ts';
import type { Screening } from '../../../domain/triage/screen.ts';
import { auditContext } from '../../access/audit-context.ts';
import type { Principal } from '../../access/principal.ts';
import type { ApiDeps } from '../../context.ts';
import { publishedRole } from '../dialect-people.ts';
import { inTransactionWithAlarm } from '../../crisis/alarm.ts';
import type { Heard } from '../../crisis/alarm.ts';
import { nameAttachments } from './attachments.ts';
import { conversationsOf } from './conversations.ts';
import { clientKeyOf } from './message-wish.ts';
import type { MessageWish } from './message-wish.ts';
import type { Quoted } from './message-view.ts';
import { quoteOf } from './read-message.ts';
import { sealContent } from './sealed-content.ts';
import type { MessageContent } from './sealed-content.ts';
import type { SenderContext } from './sender-context.ts';

export type MessageDeps = Pick<
  ApiDeps,
  'knex' | 'crisisKnex' | 'cipher' | 'keyRing' | 'sms' | 'temporal' | 'http' | 'log'
>;

/** Where a message comes from. */
export interface SendingContext {
  /** Of the request, or the socket's id. */
  readonly requestId: string;
  /** The id that the message gets: the same one for the same request, tried again. */
  readonly newId: string;
}

/** One message on its way. */
export interface Sending {
  readonly deps: MessageDeps;
  readonly principal: Principal;
  readonly wish: MessageWish;
  readonly context: SendingContext;
}

/** A message as it is about to be written. */
export interface Draft {
  readonly row: NewChatMessage;
  readonly content: MessageContent;
  readonly replyTo: Quoted | null;
}

/** Seals a message. Throws `refused_by_rule` for what it names and can't. */
export async function compose(
  { deps, principal, wish, context }: Sending,
  { session }: SenderContext,
  screening: Screening,
): Promise<Draft> {
  const { cipher, knex } = deps;
  const isCrisis = screening.severity !== null;
  const { text, clientMessageId, replyTo } = wish;
  const { personId } = principal;
  const named = await nameAttachments(deps, session.id, personId, wish.attachments);
  const { attachments, uploadIds } = named;
  const analysis = analyseMessage(text, screening.finding.severity, isCrisis);
  const content: MessageContent = { text, attachments, analysis, clientMessageId };
  const id = context.newId;
  const quoted = replyTo === null ? null : await quoteOf(deps, session.id, replyTo);
  const row: NewChatMessage = {
    id,
    sessionId: session.id,
    senderId: personId,
    senderRole: publishedRole(principal),
    type: wish.type,
    content: await sealContent(cipher, knex, { id, sessionId: session.id }, content),
    isEncrypted: wish.isEncrypted,
    isCrisis,
    clientKey: clientKeyOf(clientMessageId),
    replyTo,
    attachmentIds: uploadIds,
  };
  return { row, content, replyTo: quoted };
}

interface Writing {
  readonly draft: Draft;
  readonly heard: Heard;
  readonly session: SupportSession;
  /** The sender's version that the message was screened with; null takes any. */
  readonly seen: number | null;
}

/** In one statement, which others may share; with a cry for help in it, in one transaction with its trigger. */
export async function write(
  { deps, principal, context }: Sending,
  { draft, heard, session, seen }: Writing,
): Promise<SendOutcome> {
  const { row } = draft;
  const who = auditContext(principal, context.requestId);
  const entry = toInsert(who, {
    action: 'message.send',
    objectType: 'message',
    objectId: row.id,
    subjectId: session.patientId,
    changes: { sessionId: session.id },
  });
  if (heard.screening.severity === null) {
    if (row.attachmentIds.length > 0) {
      return untilWon(() => insertChatMessage(deps.knex, row, seen, [entry]));
    }
    const plain = { message: row, seenVersion: seen, audit: entry };
    return conversationsOf(deps).batches.write(plain);
  }
  return inTransactionWithAlarm(deps, who, { ...heard, messageId: row.id }, async (trx) => {
    const outcome = await insertChatMessage(trx, row, seen, [entry]);
    return { result: outcome, isDone: outcome.outcome === 'sent' };
  });
}
