import type { Folded } from './fold.ts';
import { chunkWords } from './chunks.ts';
import { mergeFragments, mergeLetters } from './fragments.ts';
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

/**
 * The words of some folded messages, oldest first, the last one being message 0. With `isGlued` a
 * word may begin in one message and end in the next.
 */
export function tokenise(
  messages: readonly Folded[],
  vocabulary: Vocabulary,
  meter: Meter,
  isGlued: boolean,
): Token[] {
  const raw = messages.flatMap((folded, index) => {
    const message = index - messages.length + 1;
    if (isGlued) return chunkWords(folded, message, vocabulary, meter, true);
    const words = vocabulary.chunks.get(folded, meter, () =>
      chunkWords(folded, 0, vocabulary, meter),
    );
    return words.map((word) => ({ ...word, message }));
  });
  const whole = mergeFragments(mergeLetters(raw, vocabulary, meter), vocabulary, meter, isGlued);
  const tokens: Token[] = [];
  let sentence = 0;
  let stop = 0;
  let message = whole[0]?.message;
  for (const word of whole) {
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
