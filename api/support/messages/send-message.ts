import { insertChatMessage } from '../../../db/chat-messages.ts';
import type { NewChatMessage, SendOutcome } from '../../../db/chat-messages.ts';
import { toInsert } from '../../../db/audit/entry.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { untilWon } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { analyseMessage, suggestionsFor } from '../../../domain/message-analysis.ts';
import type { Suggestion } from '../../../domain/message-analysis.ts';
import { isUnreadable } from '../../../domain/readable-text.ts';
import type { Screening } from '../../../domain/triage/screen.ts';
import { auditContext } from '../../access/audit-context.ts';
import type { Principal } from '../../access/principal.ts';
import type { Verdict } from '../../access/session-access.ts';
import { relationToSupport, supportVerdict } from '../../access/support-access.ts';
import type { ApiDeps } from '../../context.ts';
import { screenWords } from '../../crisis/screen-words.ts';
import { signOfContact } from '../../crisis/sign-of-contact.ts';
import { publishedRole } from '../dialect-people.ts';
import { alarmForBody, inTransactionWithAlarm, raiseAlarm } from './alarm.ts';
import type { Heard } from './alarm.ts';
import { nameAttachments } from './attachments.ts';
import { conversationsOf } from './conversations.ts';
import { clientKeyOf, malformed, readMessageWish } from './message-wish.ts';
import type { MessageWish } from './message-wish.ts';
import { hiddenIn } from './message-view.ts';
import type { MessageView, Quoted } from './message-view.ts';
import { messageNewsOf } from './message-news.ts';
import { quoteOf, readMessageView } from './read-message.ts';
import { sealContent } from './sealed-content.ts';
import type { MessageContent } from './sealed-content.ts';
import type { SenderContext } from './sender-context.ts';

export type MessageDeps = Pick<
  ApiDeps,
  'knex' | 'crisisKnex' | 'cipher' | 'temporal' | 'http' | 'log'
>;

/** Where a message comes from. */
export interface SendingContext {
  /** Of the request, or the socket's id. */
  readonly requestId: string;
  /** The id that the message gets: the same one for the same request, tried again. */
  readonly newId: string;
}

export interface SentMessage {
  readonly message: MessageView;
  /** For the sender: what may help, by what they wrote. */
  readonly suggestions: readonly Suggestion[];
  /** The client had sent it before. */
  readonly isRepeat: boolean;
}

/**
 * Sends a message into a support session, over whichever door it came. `body` is as its sender sent
 * it, in either published shape. The detector reads it before anything can refuse it, and calls help
 * for whoever is refused all the same. Throws `malformed_request`, `not_found` (no participant; the
 * caller records the denial), `wrong_state` (the session is over), `refused_by_rule`,
 * `already_exists`, `dependency_unavailable`.
 */
export async function sendMessage(
  deps: MessageDeps,
  principal: Principal,
  body: unknown,
  context: SendingContext,
): Promise<SentMessage> {
  const { wish, faults } = readMessageWish(body);
  if (wish === null) {
    await alarmForBody(deps, principal, body, context.requestId);
    throw malformed(faults);
  }
  // One sender's messages keep their order, and each is screened with those before in view.
  const key = `${wish.sessionId} ${principal.personId}`;
  return conversationsOf(deps).queue.run(key, () => deliver({ deps, principal, wish, context }));
}

interface Sending {
  readonly deps: MessageDeps;
  readonly principal: Principal;
  readonly wish: MessageWish;
  readonly context: SendingContext;
}

/** Another process may have sent for the same person meanwhile; it never takes as many turns. */
const MOST_LOOKS = 6;

async function deliver(sending: Sending): Promise<SentMessage> {
  for (let look = 1; ; look += 1) {
    const sent = await attempt(sending, look === MOST_LOOKS);
    if (sent !== null) return sent;
  }
}

/** Null when the sender wrote something else meanwhile, so that all has to be read again. */
async function attempt(sending: Sending, isLast: boolean): Promise<SentMessage | null> {
  const { deps, principal, wish, context } = sending;
  const { contexts } = conversationsOf(deps);
  const looked = await settled(contexts.get(deps, wish.sessionId, principal.personId));
  const known = 'value' in looked ? looked.value : null;
  const heard = hear(sending, known);
  try {
    if ('error' in looked) throw looked.error;
    const admitted = admit(sending, known);
    const draft = await compose(sending, admitted, heard.screening);
    const seen = isLast ? null : admitted.chatVersion;
    const outcome = await write(sending, { draft, heard, session: admitted.session, seen });
    if (outcome.outcome === 'sent') return finish(sending, admitted, draft, outcome);
    contexts.forget(wish.sessionId, principal.personId);
    if (outcome.outcome === 'unseen') return null;
    if (outcome.outcome === 'known') return await repeat(sending, admitted, outcome.id, heard);
    throw refusal(outcome.outcome);
  } catch (error) {
    contexts.wroteInVain(principal.personId, { text: wish.text, atMs: Date.now() });
    await raiseAlarm(deps, heard, context.requestId);
    throw error;
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** Reads the message together with what its sender wrote last. */
function hear({ deps, principal, wish }: Sending, known: SenderContext | null): Heard {
  const words = wordsOf(wish);
  const { contexts } = conversationsOf(deps);
  const previous = contexts.textsInView(principal.personId, known, Date.now());
  const screening = screenWords(words, { previous });
  const isTheirs = verdictFor(principal, known) === 'allowed';
  return { principal, screening, words, sessionId: isTheirs ? wish.sessionId : null };
}

/** Everything in it that a person reads. */
function wordsOf({ text, attachments }: MessageWish): string {
  return [text, ...attachments.flatMap(({ filename }) => filename ?? [])].join('\n');
}

function verdictFor(principal: Principal, known: SenderContext | null): Verdict {
  return supportVerdict('converse', relationToSupport(principal, known?.session ?? null));
}

/** Throws where the sender may not write there, or nobody could read what they write. */
function admit({ principal, wish }: Sending, known: SenderContext | null): SenderContext {
  const verdict = verdictFor(principal, known);
  if (verdict === 'forbidden') {
    throw new HoldfastError('forbidden', 'Only those who take part may write in a session');
  }
  if (known?.sender == null || verdict === 'hidden') throw refusal('no_participant');
  if (isUnreadable(wish.text, wish.isEncrypted)) {
    const message = 'The text must be readable here, where help is called';
    throw new HoldfastError('refused_by_rule', message);
  }
  return known;
}

interface Draft {
  readonly row: NewChatMessage;
  readonly content: MessageContent;
  readonly replyTo: Quoted | null;
}

async function compose(
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

/** In one statement; with a cry for help in it, in one transaction with its trigger. */
async function write(
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
    return untilWon(() => insertChatMessage(deps.knex, row, seen, [entry]));
  }
  return inTransactionWithAlarm(deps, who, { ...heard, messageId: row.id }, async (trx) => {
    const outcome = await insertChatMessage(trx, row, seen, [entry]);
    return { result: outcome, isDone: outcome.outcome === 'sent' };
  });
}

function finish(
  { deps, principal }: Sending,
  context: SenderContext,
  { row, content, replyTo }: Draft,
  {
    number,
    createdAt,
    chatVersion,
    heldAlertId,
    participants,
  }: Extract<SendOutcome, { outcome: 'sent' }>,
): SentMessage {
  const { personId } = principal;
  if (heldAlertId !== null) signOfContact(deps, heldAlertId, personId);
  const said = { text: content.text, atMs: createdAt.getTime() };
  conversationsOf(deps).contexts.wrote(personId, context, said, chatVersion);
  const { id, sessionId, senderRole, type, isEncrypted, isCrisis } = row;
  const sender = context.sender!;
  const message: MessageView = {
    id,
    sessionId,
    number,
    senderId: personId,
    senderRole,
    sender,
    hiddenPersonId: hiddenIn(context.session),
    type,
    isEncrypted,
    isCrisis,
    replyTo,
    reactions: [],
    createdAt,
    editedAt: null,
    ...content,
  };
  messageNewsOf(deps.knex).tell(message, participants, deps.log);
  return { message, suggestions: suggestionsOf(message), isRepeat: false };
}

/** The same message as before; other words under the same id are heard all the same. */
async function repeat(
  { deps, wish, context }: Sending,
  { session }: SenderContext,
  messageId: string,
  heard: Heard,
): Promise<SentMessage> {
  const message = await readMessageView(deps, session, messageId);
  if (message === null) throw refusal('no_participant');
  if (message.text !== wish.text) await raiseAlarm(deps, heard, context.requestId);
  return { message, suggestions: suggestionsOf(message), isRepeat: true };
}

/** Helpers need none. */
function suggestionsOf({ senderRole, text, isCrisis }: MessageView): readonly Suggestion[] {
  return senderRole === 'patient' ? suggestionsFor(text, isCrisis) : [];
}

function refusal(outcome: Exclude<SendOutcome['outcome'], 'sent' | 'known'>): HoldfastError {
  switch (outcome) {
    case 'over':
      return new HoldfastError('wrong_state', 'The session is over');
    case 'known_elsewhere':
      return new HoldfastError('already_exists', 'This clientMessageId is of another session');
    default:
      return new HoldfastError('not_found', 'There is no such session');
  }
}
