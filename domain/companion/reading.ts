import { type Sentiment, analyseMessage } from '../message-analysis.ts';
import { fold, foldWord } from '../triage/fold.ts';
import { Meter } from '../triage/meter.ts';
import { type CompanionTexts, REMARKS, type Remark } from './language.ts';
import { type CompanionIntent, MOODS, type Mood, TOPICS, type Topic } from './types.ts';

/** Read of a turn, in UTF-16 units; the crisis detector reads all of it. */
export const READ_AT_MOST = 4_000;
/** Longer words tell something, they don't just remark on the conversation. */
const SHORT_WORDS = 12;
const REMARK_WORDS = 8;

export interface WordsReading {
  /** As it was typed, without what is beyond the limit. */
  readonly text: string;
  /** Folded as the crisis detector does, letters and digits only, one blank between words. */
  readonly bare: string;
  readonly wordCount: number;
  readonly remarks: ReadonlySet<Remark>;
  readonly mood: Mood;
  readonly sentiment: Sentiment;
  readonly intent: CompanionIntent;
  /** The topics that are named, in their order. */
  readonly topics: readonly Topic[];
  /** The topic that is asked for. */
  readonly wish: Topic | null;
}

interface Reader {
  readonly whole: ReadonlyMap<Remark, RegExp>;
  readonly start: ReadonlyMap<Remark, RegExp>;
  readonly within: ReadonlyMap<Remark, RegExp>;
  readonly negated: RegExp;
  readonly denied: RegExp;
  readonly wishes: RegExp;
  readonly moods: ReadonlyMap<Mood, RegExp>;
  readonly topics: ReadonlyMap<Topic, RegExp>;
  readonly named: ReadonlyMap<string, Topic>;
}

const NOT_IN_WORD = '(?![\\p{L}\\p{N}])';
const NOT_AFTER_WORD = '(?<![\\p{L}\\p{N}])';

const matchers = new WeakMap<readonly string[], Map<'whole' | 'start' | 'within', RegExp>>();

/** Matches any of the cues, at word boundaries; made once for each list of them. */
export function anyOf(cues: readonly string[], ends: 'whole' | 'start' | 'within'): RegExp {
  const made = matchers.get(cues) ?? new Map<typeof ends, RegExp>();
  matchers.set(cues, made);
  const matcher = made.get(ends) ?? matcherOf(cues, ends);
  made.set(ends, matcher);
  return matcher;
}

function matcherOf(cues: readonly string[], ends: 'whole' | 'start' | 'within'): RegExp {
  const source = cues.join('|').replaceAll(/\P{ASCII}/gu, foldWord);
  const any = `(?:${source === '' ? '(?!)' : source})`;
  if (ends === 'whole') return new RegExp(`^${any}$`, 'u');
  if (ends === 'start') return new RegExp(`^${any}${NOT_IN_WORD}`, 'u');
  return new RegExp(`${NOT_AFTER_WORD}${any}${NOT_IN_WORD}`, 'gu');
}

const readers = new WeakMap<CompanionTexts, Reader>();

function readerOf(texts: CompanionTexts): Reader {
  const known = readers.get(texts);
  if (known !== undefined) return known;
  const made = makeReader(texts);
  readers.set(texts, made);
  return made;
}

function makeReader({ cues, dialogues }: CompanionTexts): Reader {
  const remarks = (ends: 'whole' | 'start' | 'within'): ReadonlyMap<Remark, RegExp> =>
    new Map(REMARKS.map((remark) => [remark, anyOf(cues.remarks[remark], ends)]));
  const moods = MOODS.filter((mood) => mood !== 'neutral');
  return {
    whole: remarks('whole'),
    start: remarks('start'),
    within: remarks('within'),
    negated: rightBefore(cues.negations),
    denied: rightBefore(cues.denials),
    wishes: anyOf(cues.wishes, 'within'),
    moods: new Map(moods.map((mood) => [mood, anyOf(cues.moods[mood], 'within')])),
    topics: new Map(TOPICS.map((topic) => [topic, anyOf(cues.topics[topic], 'within')])),
    named: new Map(
      TOPICS.flatMap((topic) => [
        [bareOf(dialogues[topic].wish), topic],
        [bareOf(dialogues[topic].name), topic],
      ]),
    ),
  };
}

/** Matches a text that ends with one of the cues and a blank. */
function rightBefore(cues: readonly string[]): RegExp {
  return new RegExp(`${NOT_AFTER_WORD}(?:${cues.join('|')}) $`, 'u');
}

/** As {@link WordsReading.bare}. */
export function bareOf(text: string): string {
  return barely(foldedOf(text));
}

function barely(folded: string): string {
  return folded
    .replaceAll("'", '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

function foldedOf(text: string): string {
  return fold(text, new Meter(text.length)).chars.join('');
}

/** What words say of a person and of what they want; deterministic, never throws. */
export function readWords(words: string, texts: CompanionTexts): WordsReading {
  const reader = readerOf(texts);
  const text = words.slice(0, READ_AT_MOST).toWellFormed();
  const folded = foldedOf(text);
  const bare = barely(folded);
  const wordCount = bare === '' ? 0 : bare.split(' ').length;
  const remarks = remarksIn(bare, wordCount, reader);
  const topics = topicsIn(bare, reader);
  const mood = moodOf(bare, reader);
  const analysis = analyseMessage(folded, 'none', false);
  const wish = reader.named.get(bare) ?? wishIn(bare, wordCount, topics, analysis.intent, reader);
  const intent = intentOf({ remarks, mood, wish, base: analysis.intent });
  return {
    text,
    bare,
    wordCount,
    remarks,
    mood,
    sentiment: analysis.sentiment,
    intent,
    topics,
    wish,
  };
}

function remarksIn(bare: string, wordCount: number, reader: Reader): Set<Remark> {
  const found = REMARKS.filter((remark) => {
    if (reader.whole.get(remark)?.test(bare) === true) return true;
    switch (remark) {
      case 'human':
      case 'who':
        return isMeant(reader.within.get(remark), bare, reader);
      case 'thanks':
        return wordCount <= SHORT_WORDS && isMeant(reader.within.get(remark), bare, reader);
      case 'other':
        return (
          wordCount <= REMARK_WORDS &&
          reader.start.get(remark)?.test(bare) === true &&
          wordCount > 1
        );
      case 'bye':
        return wordCount <= REMARK_WORDS && reader.start.get(remark)?.test(bare) === true;
      case 'yes':
      case 'no':
        return reader.start.get(remark)?.test(bare) === true;
      default:
        return false;
    }
  });
  return new Set(found);
}

function isMeant(cue: RegExp | undefined, bare: string, { negated }: Reader): boolean {
  return placesOf(cue, bare, negated).length > 0;
}

function topicsIn(bare: string, reader: Reader): Topic[] {
  return TOPICS.map((topic) => ({ topic, at: placesOf(reader.topics.get(topic), bare)[0] ?? -1 }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at)
    .map(({ topic }) => topic);
}

/** How far before a cue what turns it round may begin, in UTF-16 units. */
const REACH = 60;

/** Where a cue stands without one right before it that turns it round. */
function placesOf(cue: RegExp | undefined, bare: string, turned?: RegExp): number[] {
  // Most cues are nowhere, which a search tells without a copy of them.
  if (cue === undefined || bare.search(cue) < 0) return [];
  return [...bare.matchAll(cue)]
    .map(({ index }) => index)
    .filter((at) => turned?.test(bare.slice(Math.max(0, at - REACH), at)) !== true);
}

/** The one that is named most often, of equals the first; a denied one doesn't count. */
function moodOf(bare: string, reader: Reader): Mood {
  let best: Mood = 'neutral';
  let most = 0;
  for (const [mood, cue] of reader.moods) {
    const count = placesOf(cue, bare, reader.denied).length;
    if (count > most) [best, most] = [mood, count];
  }
  return best;
}

function wishIn(
  bare: string,
  wordCount: number,
  topics: readonly Topic[],
  base: CompanionIntent,
  reader: Reader,
): Topic | null {
  const topic = topics.find((named) => isMeant(reader.topics.get(named), bare, reader));
  if (topic === undefined || wordCount > SHORT_WORDS) return null;
  const isWished = isMeant(reader.wishes, bare, reader);
  return isWished || wordCount <= 2 || base === 'seeking-information' ? topic : null;
}

const SUPPORT: Readonly<Record<Mood, CompanionIntent | null>> = {
  anxious: 'anxiety-support',
  low: 'low-mood-support',
  overwhelmed: 'stress-support',
  angry: 'anger-support',
  lonely: 'loneliness-support',
  tired: 'sleep-support',
  guilty: 'self-worth-support',
  better: null,
  neutral: null,
};

function intentOf(read: {
  remarks: ReadonlySet<Remark>;
  mood: Mood;
  wish: Topic | null;
  base: CompanionIntent;
}): CompanionIntent {
  const { remarks, mood, wish, base } = read;
  if (remarks.has('human')) return 'talk-to-human';
  if (remarks.has('who')) return 'asks-who';
  if (remarks.has('bye')) return 'farewell';
  if (wish !== null) return 'choose-topic';
  if (remarks.has('resume')) return 'resume';
  if (remarks.has('stop')) return 'pause';
  return SUPPORT[mood] ?? base;
}
