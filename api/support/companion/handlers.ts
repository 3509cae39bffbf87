import { findAlert } from '../../../db/crisis-alerts.ts';
import type { AlertView } from '../../../db/crisis-alerts.ts';
import { endCompanion } from '../../companion/end-conversation.ts';
import { readConversation } from '../../companion/read-conversation.ts';
import type { Taken } from '../../companion/recorded.ts';
import { takeTurn } from '../../companion/take-turn.ts';
import { readChat, readChatbotSession, readContinuation } from '../../companion/turn-wish.ts';
import type { ReplyOptions, TurnWish } from '../../companion/turn-wish.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import { emergencyContacts } from '../../crisis/present-help.ts';
import { knownClinic } from '../../access/principal.ts';
import type { Answer, Call, HandlerMap } from '../../http/handler.ts';
import { inBothShapes, iso } from '../dialect.ts';
import { conversationInA, historyInB, sessionInfoInB, turnInA, turnInB } from './present.ts';
import type { ShownTurn } from './present.ts';

/** `POST /api/ai/chat` */
function chatWithCompanion(call: Call): Promise<Answer> {
  return talk(call, readChat);
}

/** `POST /api/ai/continue` */
function continueWithCompanion(call: Call): Promise<Answer> {
  return talk(call, readContinuation);
}

async function talk(call: Call, read: (body: unknown) => TurnWish): Promise<Answer> {
  const beganAt = performance.now();
  const asked: { wish?: TurnWish } = {};
  const taken = await takeTurn(call, (body) => (asked.wish = read(body)));
  const shown = await show(call, taken, asked.wish!, beganAt);
  return inBothShapes(200, { a: turnInA(shown), b: turnInB(shown) });
}

async function show(
  { deps, principal }: Call,
  taken: Taken,
  { text, options }: Pick<TurnWish, 'text'> & { readonly options: ReplyOptions },
  beganAt: number,
): Promise<ShownTurn> {
  const { alertId } = taken.reply;
  const [lines, alert] = await Promise.all([
    helpLines(deps, knownClinic(principal)),
    alertId === null || taken.number === 0 ? null : alertNow(deps.crisisKnex, alertId),
  ]);
  const wordCount = text?.match(/\S+/g)?.length ?? 0;
  return { taken, options, lines, alert, tookMs: performance.now() - beganAt, wordCount };
}

/** The reply to a crisis waits for nothing that it can do without. */
function alertNow(db: Parameters<typeof findAlert>[0], id: string): Promise<AlertView | null> {
  return findAlert(db, id).catch(() => null);
}

/** `POST /api/chatbot/session` */
async function createChatbotSession(call: Call): Promise<Answer> {
  const beganAt = performance.now();
  const { principal } = call;
  const asked: { wish?: TurnWish } = {};
  const taken = await takeTurn(call, (body) => (asked.wish = readChatbotSession(body)));
  const shown = await show(call, taken, asked.wish!, beganAt);
  const { response, metadata } = turnInB(shown);
  const { reply, conversationId } = taken;
  return inBothShapes(201, {
    message: 'Chatbot session created successfully',
    b: {
      session: {
        _id: conversationId,
        userId: principal.personId,
        type: 'chatbot',
        status: 'active',
        isAnonymous: asked.wish!.isAnonymous ?? principal.isAnonymous,
        createdAt: iso(taken.takenAt),
        conversationId,
      },
      initialResponse: { text: reply.text, suggestions: reply.suggestions },
      ...(taken.isCrisis
        ? { response, metadata, emergencyContacts: emergencyContacts(shown.lines) }
        : {}),
    },
  });
}

/** `GET /api/ai/conversations/{id}` */
async function getCompanionConversation(call: Call): Promise<Answer> {
  const read = await readConversation(call);
  return inBothShapes(200, { a: { conversation: conversationInA(read) } });
}

/** `GET /api/chatbot/sessions/{id}/history` */
async function getChatbotHistory(call: Call): Promise<Answer> {
  const read = await readConversation(call);
  return inBothShapes(200, {
    b: { conversation: historyInB(read), sessionInfo: sessionInfoInB(read) },
  });
}

/** `POST /api/ai/conversations/{id}/end` */
async function endCompanionConversation(call: Call): Promise<Answer> {
  const { conversation, closing, raised } = await endCompanion(call);
  const { id, status, rating, endedAt } = conversation;
  const { feedback, helpfulTopics } = closing;
  const shown = { id, status, rating, feedback, helpful_topics: helpfulTopics };
  const lines = raised === null ? [] : await helpLines(call.deps, call.principal.clinicId);
  const help =
    raised === null
      ? {}
      : { alertCreated: raised.alertId, emergencyContacts: emergencyContacts(lines) };
  return inBothShapes(200, {
    message: 'Conversation ended successfully',
    a: { conversation: { ...shown, endedAt: iso(endedAt) }, ...help },
  });
}

export const companionHandlers = {
  chatWithCompanion,
  continueWithCompanion,
  getCompanionConversation,
  endCompanionConversation,
  createChatbotSession,
  getChatbotHistory,
} satisfies Partial<HandlerMap>;
