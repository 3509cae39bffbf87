import type { ReadConversation } from '../../companion/read-conversation.ts';
import type { Taken } from '../../companion/recorded.ts';
import type { OpenedTurn } from '../../companion/sealed-texts.ts';
import type { ReplyOptions } from '../../companion/turn-wish.ts';
import type { AlertView } from '../../../db/crisis-alerts.ts';
import type { CompanionResource, ReplyType } from '../../../domain/companion/types.ts';
import type { CrisisResource } from '../../../domain/resources.ts';
import { HELP_CALLED, emergencyContacts } from '../../crisis/present-help.ts';
import { iso } from '../dialect.ts';

type Shape = Readonly<Record<string, unknown>>;

/** How a reply sounds, as version A's `mood` tells it. */
const TONES: Readonly<Record<ReplyType, string>> = {
  introduction: 'supportive',
  exercise: 'encouraging',
  'supportive-response': 'supportive',
  information: 'informative',
  'hand-over': 'supportive',
  farewell: 'warm',
  'crisis-response': 'concerned',
};

/** A turn as it is answered, with what goes with it. */
export interface ShownTurn {
  readonly taken: Taken;
  readonly options: ReplyOptions;
  /** Whom to call. */
  readonly lines: readonly CrisisResource[];
  /** The alert as it stands; null where there is none, or it can't be read now. */
  readonly alert: AlertView | null;
  /** How long the answer took, ms. */
  readonly tookMs: number;
  /** How many words were said. */
  readonly wordCount: number;
}

/** Version A's `data`. */
export function turnInA({ taken, options }: ShownTurn): Shape {
  const { reply, conversationId } = taken;
  return {
    response: {
      text: reply.text,
      suggestions: options.showsSuggestions ? reply.suggestions : [],
      mood: TONES[reply.type],
      confidence: reply.confidence,
    },
    sessionId: conversationId,
    conversationId,
  };
}

/** Version B's top level. */
export function turnInB(shown: ShownTurn): Shape {
  const { taken, options } = shown;
  return {
    response: responseInB(shown),
    metadata: metadataInB(shown),
    ...(taken.isCrisis ? { emergencyContacts: emergencyContacts(shown.lines) } : {}),
    ...(options.showsAnalysis && !taken.isCrisis ? { analytics: analyticsInB(shown) } : {}),
  };
}

function responseInB({ taken, options, lines, alert }: ShownTurn): Shape {
  const { reply, isCrisis } = taken;
  return {
    text: reply.text,
    type: reply.type,
    intent: reply.intent,
    suggestions: options.showsSuggestions ? reply.suggestions : [],
    escalationNeeded: isCrisis || reply.wantsHuman,
    resources: options.showsResources ? resourcesInB(reply.resources, lines, isCrisis) : [],
    followUpQuestions: options.showsSuggestions ? reply.followUpQuestions : [],
    ...(isCrisis ? { immediateActions: actionsInB(alert) } : {}),
    ...(reply.handedOverTo === null ? {} : { supportSessionId: reply.handedOverTo }),
  };
}

/** What has happened, and nothing that has not. */
function actionsInB(alert: AlertView | null): readonly string[] {
  if (alert === null) return HELP_CALLED;
  return [
    `Crisis alert ${alert.number} raised`,
    alert.firstPageAt === null ? 'Crisis team is being notified' : 'Crisis team notification sent',
    ...(alert.acknowledgedAt === null ? [] : ['A member of the crisis team has taken the alert']),
    'Emergency contacts prepared',
  ];
}

function metadataInB({ taken, options, tookMs }: ShownTurn): Shape {
  const { reply, isCrisis } = taken;
  const { confidence, intent, sentiment, mood, model, alertId } = reply;
  const riskLevel = isCrisis ? (reply.severity ?? 'high') : 'low';
  return {
    confidence,
    intent,
    ...(options.showsAnalysis ? { sentiment, mood, crisisDetected: isCrisis, riskLevel } : {}),
    responseTime: Math.round(tookMs) / 1_000,
    model,
    conversationId: taken.conversationId,
    ...(alertId === null ? {} : { alertCreated: alertId }),
  };
}

/** From what can be counted: how much somebody writes, and how long they have been at it. */
function analyticsInB({ taken, wordCount }: ShownTurn): Shape {
  const { reply, number } = taken;
  const isLong = wordCount >= 20 || number >= 6;
  return {
    userEngagement: isLong ? 'high' : wordCount >= 5 ? 'medium' : 'low',
    topicProgression: reply.type === 'exercise' ? 'in-exercise' : 'appropriate',
    supportLevel: reply.handedOverTo === null ? 'peer-appropriate' : 'human-requested',
  };
}

const MOST_LINKS = 2;

function resourcesInB(
  resources: readonly CompanionResource[],
  lines: readonly CrisisResource[],
  isCrisis: boolean,
): Shape[] {
  // An exercise has no page: the companion itself leads through it.
  const own = resources.map(({ title, type, description }) => ({ title, type, description }));
  const kinds = isCrisis ? ['emergency', 'hotline', 'text'] : ['educational'];
  const links = lines
    .filter(({ kind, website, phone }) => kinds.includes(kind) && (website ?? phone) !== null)
    .slice(0, isCrisis ? 4 : MOST_LINKS)
    .map(({ title, website, phone, description }) => {
      const type = isCrisis ? 'crisis-support' : 'educational';
      return { title, url: website ?? `tel:${phone}`, type, description };
    });
  return [...own, ...links];
}

/** Version A's conversation with all of its messages. */
export function conversationInA({ conversation, turns }: ReadConversation): Shape {
  return {
    id: conversation.id,
    userId: conversation.personId,
    messages: turns.flatMap((turn) => messagesOf(turn, answerInA)),
    status: conversation.status,
    startedAt: iso(conversation.startedAt),
    ...(conversation.endedAt === null ? {} : { endedAt: iso(conversation.endedAt) }),
    ...(conversation.rating === null ? {} : { rating: conversation.rating }),
  };
}

/** Version B's `conversation`. */
export function historyInB({ turns }: ReadConversation): Shape[] {
  return turns.flatMap((turn) => messagesOf(turn, answerInB, { intent: turn.reply.intent }));
}

function messagesOf(
  turn: OpenedTurn,
  answerOf: (turn: OpenedTurn) => Shape,
  ofWords: Shape = {},
): Shape[] {
  const { words, saidAt } = turn;
  const said =
    words === null ? null : { role: 'user', content: words.text, timestamp: iso(saidAt) };
  return [...(said === null ? [] : [{ ...said, ...ofWords }]), answerOf(turn)];
}

function answerInA({ reply, repliedAt }: OpenedTurn): Shape {
  const { text, suggestions } = reply;
  return { role: 'assistant', content: text, timestamp: iso(repliedAt), suggestions };
}

function answerInB({ reply, repliedAt, isCrisis }: OpenedTurn): Shape {
  return {
    role: 'assistant',
    content: reply.text,
    timestamp: iso(repliedAt),
    resources: reply.resources.map(({ title, type }) => ({ title, type })),
    ...(isCrisis ? { type: reply.type } : {}),
  };
}

/** Version B's `sessionInfo`; `duration` in seconds. */
export function sessionInfoInB({ conversation, turns }: ReadConversation): Shape {
  const { startedAt, lastTurnAt, endedAt } = conversation;
  const until = endedAt ?? lastTurnAt;
  const topics = new Set(turns.flatMap(({ reply }) => reply.topic ?? []));
  const escalations = turns.filter(
    ({ isCrisis, reply }) => isCrisis || reply.handedOverTo !== null,
  );
  return {
    startedAt: iso(startedAt),
    duration: Math.max(0, Math.round((until.getTime() - startedAt.getTime()) / 1_000)),
    messageCount: turns.reduce((sum, { words }) => sum + (words === null ? 1 : 2), 0),
    topics: [...topics],
    escalations: escalations.length,
    status: conversation.status,
  };
}
