import type { Severity } from './triage/types.ts';

export const INTENTS = [
  'crisis',
  'seeking-information',
  'seeking-support',
  'gratitude',
  'greeting',
  'farewell',
  'sharing',
] as const;
export type Intent = (typeof INTENTS)[number];

export type Sentiment = 'positive' | 'neutral' | 'negative';

/** What a few rules, and no model, make of a message. Health data: sealed with the text. */
export interface MessageAnalysis {
  readonly intent: Intent;
  readonly sentiment: Sentiment;
  /** The detector's word, nothing else; `low` where it found nothing. */
  readonly urgency: Severity;
}

/** Something that may help, offered to whoever wrote the message. */
export interface Suggestion {
  readonly type: 'resource' | 'coping-strategy' | 'immediate-help';
  readonly title: string;
  readonly description: string;
}

const ASKS_TO_KNOW =
  /\b(?:can|could|would|will) you (?:please )?(?:tell|explain|share|show|say)\b|\bhow (?:do|does|can|could|should|to)\b|\bwhat (?:is|are|does|do|can|could|would|if)\b|\bwhere (?:can|do|is)\b|\b(?:tell|know|learn) more\b|\?\s*$/i;
const ASKS_FOR_HELP =
  /\b(?:help me|need (?:some )?(?:help|support|advice|someone|somebody)|can(?:no|')?t cope|don'?t know what to do|someone to talk|somebody to talk|talk to (?:someone|somebody|you))\b/i;
const THANKS = /\b(?:thank(?:s| you)|grateful|appreciate)\b/i;
const GREETS = /^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening))\b/i;
const LEAVES = /^\W*(?:bye|goodbye|good ?night|see you|take care)\b/i;

const POSITIVE =
  /\b(?:thank(?:s| you)|helps|helped|helpful|better|calm(?:er)?|good|great|glad|happy|hopeful|relieved|grateful|appreciate|proud|love|wonderful|progress)\b/gi;
const NEGATIVE =
  /\b(?:anxious|anxiety|afraid|alone|angry|ashamed|bad|cry(?:ing)?|depress(?:ed|ing|ion)|exhausted|guilty|hate|hopeless|hurt(?:s|ing)?|lonely|lost|numb|overwhelm(?:ed|ing)|panic(?:king)?|sad|scared|stress(?:ed|ful)?|struggling|stuck|terrible|tired|unhappy|upset|worried|worry|worse|worthless|awful)\b/gi;
const NEGATION = /\b(?:not|never|no|hardly|isn'?t|wasn'?t|don'?t|doesn'?t|didn'?t|aren'?t)\b/i;
/** How far before a word its negation is looked for, in UTF-16 units. */
const NEGATION_REACH = 16;
/** What is read of a text: rules for a chat's lines, not for essays. */
const READ_AT_MOST = 5_000;

/** `urgency` is the detector's severity for this text. */
export function analyseMessage(
  text: string,
  urgency: Severity | 'none',
  isCrisis: boolean,
): MessageAnalysis {
  const read = text.slice(0, READ_AT_MOST);
  return {
    intent: isCrisis ? 'crisis' : intentOf(read),
    sentiment: isCrisis ? 'negative' : sentimentOf(read),
    urgency: urgency === 'none' ? 'low' : urgency,
  };
}

function intentOf(text: string): Intent {
  if (ASKS_FOR_HELP.test(text)) return 'seeking-support';
  if (ASKS_TO_KNOW.test(text)) return 'seeking-information';
  if (THANKS.test(text)) return 'gratitude';
  if (LEAVES.test(text)) return 'farewell';
  return GREETS.test(text) && text.length < 40 ? 'greeting' : 'sharing';
}

function sentimentOf(text: string): Sentiment {
  const score = count(text, POSITIVE) - count(text, NEGATIVE);
  if (score === 0) return 'neutral';
  return score > 0 ? 'positive' : 'negative';
}

/** A word with a negation right before it counts for the other side. */
function count(text: string, words: RegExp): number {
  let sum = 0;
  for (const { index } of text.matchAll(words)) {
    const before = text.slice(Math.max(0, index - NEGATION_REACH), index);
    sum += NEGATION.test(before) ? -1 : 1;
  }
  return sum;
}

const IMMEDIATE: Suggestion = {
  type: 'immediate-help',
  title: 'Immediate help',
  description:
    'Your message has been passed to the crisis team. In immediate danger, call your local emergency number.',
};

const TOPICS: readonly (readonly [RegExp, Suggestion])[] = [
  [
    /\b(?:breath\w*|anxi\w*|panic\w*|nervous)\b/i,
    {
      type: 'resource',
      title: '4-7-8 Breathing Technique',
      description: 'A simple breathing exercise to reduce anxiety',
    },
  ],
  [
    /\b(?:overwhelm\w*|stress\w*|flashback\w*|dissociat\w*|unreal)\b/i,
    {
      type: 'coping-strategy',
      title: '5-4-3-2-1 Grounding',
      description:
        'Name five things you see, four you feel, three you hear, two you smell, one you taste',
    },
  ],
  [
    /\b(?:sleep\w*|insomnia|awake|nightmare\w*)\b/i,
    {
      type: 'resource',
      title: 'Sleep Hygiene',
      description: 'Habits that make it easier to fall and stay asleep',
    },
  ],
  [
    /\b(?:lonely|alone|isolated|nobody cares)\b/i,
    {
      type: 'coping-strategy',
      title: 'Reach Out to One Person',
      description: 'Write to or call one person whom you trust, even if only to say hello',
    },
  ],
];
const MOST_SUGGESTIONS = 3;

/** By topics that the text names; the first thing in a crisis is help at once. */
export function suggestionsFor(text: string, isCrisis: boolean): readonly Suggestion[] {
  const read = text.slice(0, READ_AT_MOST);
  const named = TOPICS.filter(([topic]) => topic.test(read)).map(([, suggestion]) => suggestion);
  return [...(isCrisis ? [IMMEDIATE] : []), ...named].slice(0, MOST_SUGGESTIONS);
}
