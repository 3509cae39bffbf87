import type { CompanionTexts } from './language.ts';
import { helpfulTopics } from './moods.ts';
import { type Reaction, type Scene, comeBack, react } from './reactions.ts';
import { readWords } from './reading.ts';
import { textsIn } from './texts/index.ts';
import type {
  CompanionReply,
  CompanionResource,
  CompanionState,
  Mood,
  Topic,
  Turn,
} from './types.ts';

/** After this somebody has come back rather than paused to think, ms. */
const AWAY_MS = 30 * 60_000;
const MOST_TURNS = 1_000_000;
const MOST_SUGGESTIONS = 4;

/**
 * The guided companion's answer to anything that somebody may say, even to nothing. Pure and
 * deterministic; never throws; the state it gives is valid and of bounded size. The caller screens
 * the words for a crisis before: this doesn't. `now`: milliseconds since 1970.
 */
export function nextTurn(before: CompanionState, words: string, now: number): Turn {
  const texts = textsIn(before.language);
  const reading = readWords(words, texts);
  const isFirst = before.turns === 0;
  const isBack = !isFirst && (before.isOver || now - before.lastTurnAt >= AWAY_MS);
  const state: CompanionState = {
    ...before,
    turns: Math.min(before.turns + 1, MOST_TURNS),
    lastTurnAt: now,
    mood:
      reading.mood === 'neutral' || (before.current !== null && !isBack)
        ? before.mood
        : reading.mood,
    isOver: false,
  };
  const scene: Scene = { state, reading, texts, now };
  const reaction = isBack ? comeBack(scene) : react(scene);
  const lines = isFirst ? [texts.general.introduction, ...reaction.lines] : reaction.lines;
  return compose({ ...reaction, lines }, scene, isFirst);
}

function compose(reaction: Reaction, { reading, texts }: Scene, isFirst: boolean): Turn {
  const { state, lines, suggestions, followUps = [], isUnderstood = true } = reaction;
  const topic = reaction.topic ?? state.current?.topic ?? state.offered;
  const reply: CompanionReply = {
    text: lines.filter((line) => line !== '').join('\n\n'),
    type: isFirst && reaction.type === 'supportive-response' ? 'introduction' : reaction.type,
    suggestions: [...new Set(suggestions)].slice(0, MOST_SUGGESTIONS),
    followUpQuestions: followUps,
    resources: resourcesFor(topic, state.mood, texts),
    intent: reaction.intent ?? reading.intent,
    mood: state.mood,
    sentiment: reading.sentiment,
    confidence: isUnderstood ? 0.9 : 0.5,
    topic,
    wantsHuman: reaction.wantsHuman ?? false,
    isOver: state.isOver,
  };
  return { state, reply };
}

function resourcesFor(
  topic: Topic | null,
  mood: Mood,
  { resources }: CompanionTexts,
): readonly CompanionResource[] {
  const wanted = topic ?? helpfulTopics(mood, { finished: [] })[0];
  return resources.filter((resource) => resource.topic === wanted || resource.topic === 'support');
}
