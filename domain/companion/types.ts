import type { Intent, Sentiment } from '../message-analysis.ts';

/** What the guided companion leads through; each is one structured dialogue. */
export const TOPICS = [
  'grounding',
  'breathing',
  'activation',
  'thoughts',
  'sleep',
  'problem-solving',
] as const;
export type Topic = (typeof TOPICS)[number];

export const MOODS = [
  'anxious',
  'low',
  'overwhelmed',
  'angry',
  'lonely',
  'tired',
  'guilty',
  'better',
  'neutral',
] as const;
/** What somebody's words say of how they are; `neutral` where they say nothing of it. */
export type Mood = (typeof MOODS)[number];

/** `crisis` is the word of the crisis detector alone: reading words never gives it. */
export type CompanionIntent =
  | Intent
  | 'talk-to-human'
  | 'asks-who'
  | 'choose-topic'
  | 'exercise-answer'
  | 'pause'
  | 'resume'
  | 'anxiety-support'
  | 'low-mood-support'
  | 'stress-support'
  | 'anger-support'
  | 'loneliness-support'
  | 'sleep-support'
  | 'self-worth-support';

/** Where somebody is in a dialogue, and what they have answered in it. */
export interface Place {
  readonly topic: Topic;
  readonly step: string;
  /** By step, in their own words, shortened. */
  readonly given: Readonly<Record<string, string>>;
  /** How often the step has been asked in vain. */
  readonly tries: number;
}

/** What somebody wanted to do, asked after when they come back. */
export interface Intention {
  readonly topic: Topic;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
}

/**
 * Everything the companion knows of a conversation: plain JSON of bounded size. It holds the
 * person's own words, health data: sealed at rest, never logged.
 */
export interface CompanionState {
  readonly version: 1;
  readonly language: string;
  readonly turns: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** Milliseconds since 1970; of the turn before. */
  readonly lastTurnAt: number;
  /** The dialogue that is under way. */
  readonly current: Place | null;
  /** A dialogue that was left before its end, to be taken up again. */
  readonly paused: Place | null;
  /** What a plain "yes" would begin. */
  readonly offered: Topic | null;
  /** The last mood other than `neutral`. */
  readonly mood: Mood;
  readonly finished: readonly Topic[];
  readonly intention: Intention | null;
  readonly isOver: boolean;
}

export type ReplyType =
  | 'introduction'
  | 'exercise'
  | 'supportive-response'
  | 'information'
  | 'hand-over'
  | 'farewell'
  | 'crisis-response';

export interface CompanionReply {
  readonly text: string;
  readonly type: ReplyType;
  /** Things to say next, in the person's words: sent back as they are, they are understood. */
  readonly suggestions: readonly string[];
  readonly followUpQuestions: readonly string[];
  readonly resources: readonly CompanionResource[];
  /** Of the person's words. */
  readonly intent: CompanionIntent;
  /** Of the person's words, or of the ones before them. */
  readonly mood: Mood;
  readonly sentiment: Sentiment;
  /** How sure the reading of the words is, 0 to 1. */
  readonly confidence: number;
  /** Which dialogue the reply belongs to. */
  readonly topic: Topic | null;
  /** The person asked for a human being: the caller opens the way to one. */
  readonly wantsHuman: boolean;
  readonly isOver: boolean;
}

/** Something to read or to do; without a link, so that none can be wrong. */
export interface CompanionResource {
  readonly topic: Topic | 'support';
  readonly type: 'coping-strategy' | 'educational' | 'support';
  readonly title: string;
  readonly description: string;
}

export interface Turn {
  readonly state: CompanionState;
  readonly reply: CompanionReply;
}
