import type { Folded } from './fold.ts';
import { chunkWords } from './chunks.ts';
import { fragmentCounts, mergeFragments, mergeLetters } from './fragments.ts';
import { areTied } from './joints.ts';
import type { Meter } from './meter.ts';
import type { Reading, Vocabulary } from './vocabulary.ts';

/** What stands before a word: nothing of note, a comma or bracket, a new line, a full stop. */
export type Break = 'none' | 'clause' | 'line' | 'sentence';

/** A word as written: bare characters, and where they stand in which message. */
export interface RawWord {
  readonly text: string;
  readonly message: number;
  readonly start: number;
  readonly end: number;
  readonly breakBefore: Break;
}

/** A word with what it may mean. */
export interface Token extends RawWord, Reading {
  /** Counts sentences, messages and lines; words of one number belong together. */
  readonly sentence: number;
  /** As `sentence`, but counting full stops alone: people break lines in mid-sentence. */
  readonly stop: number;
  /** Several tokens may come of one written word ("gonna"); this is true for all but the first. */
  readonly isContinued: boolean;
}

/** What one message says by itself. */
export interface Said {
  /** As written, but for look-alikes. */
  readonly raw: readonly RawWord[];
  /** With single letters put together. */
  readonly words: readonly RawWord[];
  /** How many of `words` make each word, from the first to the last. */
  readonly counts: readonly number[];
  readonly tokens: readonly Token[];
  /** All that its tokens may mean. */
  readonly ids: readonly number[];
}

export function saidIn(folded: Folded, vocabulary: Vocabulary, meter: Meter): Said {
  return vocabulary.said.get(folded, meter, () => {
    const raw = chunkWords(folded, 0, vocabulary, meter);
    const words = mergeLetters(raw, vocabulary, meter);
    const counts = fragmentCounts(words, vocabulary, meter, false);
    const tokens = tokensOf(mergeFragments(words, counts), vocabulary, meter);
    return { raw, words, counts, tokens, ids: [...new Set(tokens.flatMap(({ ids }) => ids))] };
  });
}

/**
 * The words of some folded messages, oldest first, the last one being message 0. With `isGlued` a
 * word may begin in one message and end in the next.
 */
export function tokenise(
  messages: readonly Folded[],
  vocabulary: Vocabulary,
  meter: Meter,
  isGlued: boolean,
): readonly Token[] {
  if (!isGlued) {
    const said = messages.map((folded) => saidIn(folded, vocabulary, meter));
    if (!areTied(said, vocabulary, meter)) return inTurn(said);
  }
  return tokeniseTogether(messages, vocabulary, meter, isGlued);
}

/** As {@link tokenise}, each word read anew. */
export function tokeniseTogether(
  messages: readonly Folded[],
  vocabulary: Vocabulary,
  meter: Meter,
  isGlued: boolean,
): readonly Token[] {
  const raw = messages.flatMap((folded, index) =>
    chunkWords(folded, index - messages.length + 1, vocabulary, meter, isGlued),
  );
  const words = mergeLetters(raw, vocabulary, meter);
  const counts = fragmentCounts(words, vocabulary, meter, isGlued);
  return tokensOf(mergeFragments(words, counts), vocabulary, meter);
}

/** The tokens of messages that are not tied to each other, as if they had been read together. */
export function inTurn(said: readonly Said[]): readonly Token[] {
  const [only] = said;
  if (only !== undefined && said.length === 1) return only.tokens;
  const all: Token[] = [];
  for (const [index, { tokens }] of said.entries()) {
    const [first, before] = [tokens[0], all.at(-1)];
    if (first === undefined) continue;
    const message = index - said.length + 1;
    const sentences = before === undefined ? 0 : before.sentence + 1 - first.sentence;
    const stops = before?.stop ?? 0;
    for (const token of tokens) {
      const { sentence, stop } = token;
      all.push({ ...token, message, sentence: sentence + sentences, stop: stop + stops });
    }
  }
  return all;
}

function tokensOf(words: readonly RawWord[], vocabulary: Vocabulary, meter: Meter): Token[] {
  const tokens: Token[] = [];
  let sentence = 0;
  let stop = 0;
  let message = words[0]?.message;
  for (const word of words) {
    const isLine = word.breakBefore === 'line' || word.message !== message;
    if (isLine || word.breakBefore === 'sentence') sentence += 1;
    if (word.breakBefore === 'sentence') stop += 1;
    message = word.message;
    for (const [index, { part, reading }] of readingsOf(word, vocabulary, meter).entries()) {
      tokens.push({ ...part, ...reading, sentence, stop, isContinued: index > 0 });
    }
  }
  return tokens;
}

const NOTHING: Reading = { ids: [], exact: [] };

function readingsOf(
  word: RawWord,
  vocabulary: Vocabulary,
  meter: Meter,
): { part: RawWord; reading: Reading }[] {
  if (/^\d+$/u.test(word.text)) {
    return [{ part: word, reading: numberReading(word.text, vocabulary) }];
  }
  const resolved = vocabulary.resolve(word.text, meter);
  if (resolved.kind === 'words') {
    return resolved.readings.map((reading) => ({ part: word, reading }));
  }
  return [{ part: word, reading: NOTHING }];
}

/** Besides itself a number may be a year, or many of something. */
function numberReading(digits: string, vocabulary: Vocabulary): Reading {
  const ids = [];
  if (vocabulary.has(digits)) ids.push(vocabulary.add(digits));
  if (/^(?:19|20)\d\d$/u.test(digits)) ids.push(vocabulary.add('#year'));
  else if (digits.length > 1 || digits >= '5') ids.push(vocabulary.add('#'));
  return { ids, exact: ids };
}
