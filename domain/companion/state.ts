import { KEPT_AT_MOST, shorten } from './answers.ts';
import { DIALOGUES } from './dialogues/index.ts';
import { COMPANION_LANGUAGES, textsIn } from './texts/index.ts';
import {
  type CompanionState,
  type Intention,
  MOODS,
  type Place,
  TOPICS,
  type Topic,
} from './types.ts';

const MOST_TURNS = 1_000_000;
const MOST_TRIES = 2;

/** A conversation before its first turn. `now`: milliseconds since 1970. */
export function openCompanion(
  now: number,
  wish: { readonly language?: string } = {},
): CompanionState {
  return {
    version: 1,
    language: textsIn(wish.language ?? COMPANION_LANGUAGES[0].language).language,
    turns: 0,
    openedAt: now,
    lastTurnAt: now,
    current: null,
    paused: null,
    offered: null,
    mood: 'neutral',
    finished: [],
    intention: null,
    isOver: false,
  };
}

/**
 * A state from storage. Whatever this version doesn't know (a dialogue that has been rewritten, say)
 * is forgotten rather than refused: the conversation goes on. Never throws.
 */
export function readCompanionState(stored: unknown, now: number): CompanionState {
  const value = isRecord(stored) ? stored : {};
  const fresh = openCompanion(now, {
    language: typeof value['language'] === 'string' ? value['language'].slice(0, 35) : 'en',
  });
  const openedAt = instantIn(value['openedAt']) ?? now;
  return {
    ...fresh,
    turns: countIn(value['turns'], MOST_TURNS),
    openedAt,
    lastTurnAt: instantIn(value['lastTurnAt']) ?? openedAt,
    current: placeIn(value['current']),
    paused: placeIn(value['paused']),
    offered: topicIn(value['offered']),
    mood: MOODS.find((mood) => mood === value['mood']) ?? 'neutral',
    finished: TOPICS.filter(
      (topic) => Array.isArray(value['finished']) && value['finished'].includes(topic),
    ),
    intention: intentionIn(value['intention']),
    isOver: value['isOver'] === true,
  };
}

function placeIn(value: unknown): Place | null {
  if (!isRecord(value)) return null;
  const topic = topicIn(value['topic']);
  const step = value['step'];
  if (topic === null || typeof step !== 'string') return null;
  const { steps } = DIALOGUES[topic];
  if (!Object.hasOwn(steps, step)) return null;
  const answers = isRecord(value['given']) ? value['given'] : {};
  const given = Object.entries(answers).flatMap(([id, answer]): [string, string][] =>
    Object.hasOwn(steps, id) && typeof answer === 'string'
      ? [[id, shorten(answer, KEPT_AT_MOST)]]
      : [],
  );
  return {
    topic,
    step,
    given: Object.fromEntries(given),
    tries: countIn(value['tries'], MOST_TRIES),
  };
}

function intentionIn(value: unknown): Intention | null {
  if (!isRecord(value)) return null;
  const topic = topicIn(value['topic']);
  const madeAt = instantIn(value['madeAt']);
  const text = value['text'];
  if (topic === null || madeAt === null || typeof text !== 'string') return null;
  return { topic, text: shorten(text, KEPT_AT_MOST), madeAt };
}

function topicIn(value: unknown): Topic | null {
  return TOPICS.find((topic) => topic === value) ?? null;
}

function countIn(value: unknown, most: number): number {
  return typeof value === 'number' && Number.isInteger(value)
    ? Math.min(Math.max(0, value), most)
    : 0;
}

function instantIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
