import { noteHandOver, noteSharedSummary, reserveHandOver } from '../../db/companion-hand-over.ts';
import { findConversation, listTurns } from '../../db/companion.ts';
import { findSupportSession } from '../../db/support-sessions.ts';
import { updateRemarks } from '../../db/support-transitions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { isSupportOver } from '../../domain/support-session.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationToConversation } from '../access/companion-access.ts';
import { helpLines } from '../crisis/help-lines.ts';
import { emergencyContacts } from '../crisis/present-help.ts';
import { safely } from '../http/error-handler.ts';
import type { Call } from '../http/handler.ts';
import { createSupportSession } from '../support/sessions/create.ts';
import { detailsIn, openSupportTexts, sealSupportText } from '../support/sessions/texts.ts';
import { readConsent } from './consent.ts';
import { memoryOf } from './memory.ts';
import { isFirstAnswer } from './recorded.ts';
import type { Recorded } from './recorded.ts';
import { openTurns } from './sealed-texts.ts';
import type { GivenReply } from './sealed-texts.ts';
import { summarise } from './summary.ts';
import { TEXTS } from './texts.ts';
import type { TurnWish } from './turn-wish.ts';

export interface HandOver {
  readonly reply: GivenReply;
  readonly source: 'hand_over';
  /** The conversation's record says so already, in a version of its own. */
  readonly isNoted: boolean;
}

const TURNS_SUMMED_UP = 200;
const PROFESSIONAL = /\b(?:counsell?or|therapist|psycholog|psychiatr|professional|doctor|nurse)/i;

/**
 * Opens a support session for whoever asked for a human being, by the use case of every other. Null
 * where nobody was asked for.
 */
export async function handOver(
  call: Call,
  wish: TurnWish,
  recorded: Recorded,
): Promise<HandOver | null> {
  if (!recorded.taken.reply.wantsHuman) return null;
  try {
    return await ask(call, wish, recorded);
  } catch (error) {
    call.deps.log.warn({ error: safely(error) }, 'nobody could be asked to take over');
    return notAsked(call, recorded);
  }
}

async function ask(call: Call, wish: TurnWish, recorded: Recorded): Promise<HandOver> {
  const { turnId, conversationId } = recorded.taken;
  const type = PROFESSIONAL.test(wish.text ?? '') ? 'counselor_session' : 'peer_support';
  const { sessionId, made } = await humanFor({ ...call, newId: turnId }, conversationId!, type);
  const isShared = wish.sharesSummary && (await shareSummary(call, recorded, sessionId));
  if (made === null) {
    const lines = [TEXTS.askedAlready, isShared ? TEXTS.sharedToo : TEXTS.goesOn];
    return handed(recorded, sessionId, lines, { choices: [], isNoted: isShared });
  }
  const lines = [TEXTS.asked, waitIn(made), TEXTS.goesOn];
  // Both are noted where both are done: then nothing is restored, which does no harm here.
  if (isShared) {
    return handed(recorded, sessionId, [...lines, TEXTS.sharedToo], { choices: [], isNoted: true });
  }
  const choices = [TEXTS.yesShare, TEXTS.noShare];
  return handed(recorded, sessionId, [...lines, TEXTS.asksConsent], { choices, isNoted: true });
}

interface Human {
  /** The support session in which a human goes on, or is waited for. */
  readonly sessionId: string;
  /** What the use case of every support session answered; null where it was there already. */
  readonly made: unknown;
}

type AskedType = 'peer_support' | 'counselor_session';

/** The one human of a conversation, asked for where there is none. Those who ask at once share it. */
function humanFor(call: Call, conversationId: string, type: AskedType): Promise<Human> {
  const { queue } = memoryOf(call.deps);
  return queue.run(`hand-over:${conversationId}`, async () => {
    const known = await openHandOver(call, conversationId);
    return known ?? (await openSession(call, conversationId, type));
  });
}

/**
 * Another process may be about to open one as well: both do it under the id that is reserved, which
 * puts it into the queue once.
 */
async function openSession(call: Call, conversationId: string, type: AskedType): Promise<Human> {
  const { deps, newId } = call;
  const sessionId = (await reserveHandOver(deps.knex, conversationId, newId)) ?? newId;
  const body = { type, urgencyLevel: 'medium', title: 'Handed over by the companion' };
  const { body: made } = await createSupportSession({ ...call, newId: sessionId, body });
  const isFirst = await noteHandOver(deps.knex, conversationId, sessionId);
  memoryOf(deps).conversations.delete(conversationId);
  return { sessionId, made: isFirst ? made : null };
}

/**
 * Of a conversation of the caller's, the support session in which a human goes on, opened where
 * there is none; whatever else is named stays as it is. Clients know both as sessions.
 */
export async function humanSessionOf(call: Call, sessionId: string): Promise<string> {
  const conversation = await findConversation(call.deps.knex, sessionId);
  if (relationToConversation(call.principal, conversation) !== 'owner') return sessionId;
  return (await humanFor(call, sessionId, 'counselor_session')).sessionId;
}

function waitIn(answer: unknown): string {
  const session: unknown = Object(Object(answer).data).session;
  const seconds: unknown = Object(session).estimatedWaitTime;
  return typeof seconds === 'number' ? TEXTS.waits(Math.ceil(seconds / 60)) : '';
}

/** Null where nobody was asked yet, or the session with them is over. */
async function openHandOver({ deps }: Call, conversationId: string): Promise<Human | null> {
  const conversation = await findConversation(deps.knex, conversationId);
  const sessionId = conversation?.handedOverTo ?? null;
  if (sessionId === null) return null;
  const session = await findSupportSession(deps.knex, sessionId);
  return session === null || isSupportOver(session.status) ? null : { sessionId, made: null };
}

function handed(
  recorded: Recorded,
  sessionId: string,
  lines: readonly string[],
  { choices, isNoted }: { readonly choices: readonly string[]; readonly isNoted: boolean },
): HandOver {
  const { taken } = recorded;
  const text = [...disclosure(recorded), ...lines].filter((line) => line !== '').join(' ');
  const suggestions = [...choices, ...taken.reply.suggestions].slice(0, 4);
  const reply: GivenReply = {
    ...taken.reply,
    text,
    type: 'hand-over',
    suggestions,
    handedOverTo: sessionId,
  };
  return { reply, source: 'hand_over', isNoted };
}

/** The guided companion's introduction gives way to what is said in its place. */
function disclosure(recorded: Recorded): string[] {
  return isFirstAnswer(recorded) ? [TEXTS.discloses] : [];
}

async function notAsked(call: Call, recorded: Recorded): Promise<HandOver> {
  const lines = await helpLines(call.deps, call.principal.clinicId);
  const { crisis, text: texting, emergency } = emergencyContacts(lines);
  const ways = [crisis, texting, emergency].filter((way) => typeof way === 'string');
  const text = [...disclosure(recorded), TEXTS.notAsked, `${ways.join(', ')}.`].join(' ');
  const reply: GivenReply = { ...recorded.taken.reply, text, type: 'hand-over' };
  return { reply, source: 'hand_over', isNoted: false };
}

/**
 * What somebody says to whether their summary may be passed on. Null where they were not asked, or
 * speak of something else: silence is no consent.
 */
export async function answerConsent(
  call: Call,
  wish: TurnWish,
  recorded: Recorded,
): Promise<HandOver | null> {
  const { place } = recorded.placed;
  if (place.kind === 'new' || !place.known.conversation.awaitsConsent) return null;
  const { handedOverTo } = place.known.conversation;
  const agrees = readConsent(wish.text ?? '');
  if (agrees === null || handedOverTo === null || recorded.taken.reply.wantsHuman) return null;
  const isNoted = agrees && (await shareSummary(call, recorded, handedOverTo));
  const lines = agrees
    ? [isNoted ? TEXTS.shared : TEXTS.tooLate]
    : [TEXTS.keptPrivate, TEXTS.goesOn];
  const plain = { ...recorded, taken: { ...recorded.taken, reply: plainly(recorded) } };
  return handed(plain, handedOverTo, lines, { choices: [], isNoted });
}

/** Without what the guided companion made of a word that was not for it. */
function plainly({ taken, before }: Recorded): GivenReply {
  const { mood } = before;
  const nothing = { suggestions: [], followUpQuestions: [], resources: [], topic: null };
  return { ...taken.reply, ...nothing, mood, intent: 'talk-to-human', wantsHuman: false };
}

/** Writes the summary where those who take part in the session read it. False where it is over. */
async function shareSummary(
  { deps, principal, requestId }: Call,
  { taken }: Recorded,
  sessionId: string,
): Promise<boolean> {
  const { knex, cipher } = deps;
  const conversationId = taken.conversationId!;
  const [session, conversation, turns] = await Promise.all([
    findSupportSession(knex, sessionId),
    findConversation(knex, conversationId),
    listTurns(knex, conversationId, TURNS_SUMMED_UP),
  ]);
  if (session === null || conversation === null || isSupportOver(session.status)) return false;
  const before = turns.filter(({ number }) => number < taken.number);
  const opened = await openTurns(cipher, knex, conversationId, before);
  const [texts] = await openSupportTexts(cipher, knex, [session]);
  const words = detailsIn({ ...texts!, summary: summarise(conversation.startedAt, opened) });
  await inTransaction(knex, auditContext(principal, requestId), async (trx, audit) => {
    const details = await sealSupportText(cipher, trx, sessionId, 'details', words);
    await updateRemarks(trx, sessionId, { details });
    await noteSharedSummary(trx, conversationId);
    audit({
      action: 'companion_conversation.share_summary',
      objectType: 'companion_conversation',
      objectId: conversationId,
      subjectId: principal.personId,
      changes: { sessionId },
    });
  });
  memoryOf(deps).conversations.delete(conversationId);
  return true;
}
