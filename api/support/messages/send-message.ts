import type { SendOutcome } from '../../../db/chat-messages.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { suggestionsFor } from '../../../domain/message-analysis.ts';
import type { Suggestion } from '../../../domain/message-analysis.ts';
import { isUnreadable } from '../../../domain/readable-text.ts';
import type { Principal } from '../../access/principal.ts';
import type { Verdict } from '../../access/session-access.ts';
import { relationToSupport, supportVerdict } from '../../access/support-access.ts';
import { screenWords } from '../../crisis/screen-words.ts';
import { signOfContact } from '../../crisis/sign-of-contact.ts';
import { alarmForBody, raiseAlarm } from '../../crisis/alarm.ts';
import type { Heard } from '../../crisis/alarm.ts';
import { withHelpLines } from '../../crisis/help-lines.ts';
import { conversationsOf } from './conversations.ts';
import { malformed, readMessageWish } from './message-wish.ts';
import type { MessageWish } from './message-wish.ts';
import { hiddenIn } from './message-view.ts';
import type { MessageView } from './message-view.ts';
import { messageNewsOf } from './message-news.ts';
import { readMessageView } from './read-message.ts';
import type { SenderContext } from './sender-context.ts';
import { compose, write } from './write-message.ts';
import type { Draft, MessageDeps, Sending, SendingContext } from './write-message.ts';

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
    const alarmed = await alarmForBody(deps, principal, body, context.requestId);
    const refused = malformed(faults);
    if (alarmed === null) throw refused;
    throw await withHelpLines(deps, principal, refused, alarmed.alertId);
  }
  // One sender's messages keep their order, and each is screened with those before in view.
  const key = `${wish.sessionId} ${principal.personId}`;
  return conversationsOf(deps).queue.run(key, () => deliver({ deps, principal, wish, context }));
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
    if (heard.screening.severity === null) throw error;
    const alertId = await raiseAlarm(deps, heard, context.requestId);
    throw await withHelpLines(deps, principal, error, alertId);
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
    isAmongMembers: context.session.isChatRoom,
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
