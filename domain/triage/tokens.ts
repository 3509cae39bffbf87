import type { Folded } from './fold.ts';
import { chunkWords } from './chunks.ts';
import { fragmentCounts, mergeFragments, mergeLetters } from './fragments.ts';
import { areTied, looseEnds } from './joints.ts';
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
  /** Where those of `words` stand, counted from the end, that the next message may add to. */
  readonly looseEnds: readonly number[];
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
    const ids = new Set<number>();
    for (const token of tokens) for (const id of token.ids) ids.add(id);
    return { raw, words, looseEnds: looseEnds(words, counts, vocabulary), tokens, ids: [...ids] };
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
    if (said.length === 1) return said[0]!.tokens;
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
  const all: Token[] = [];
  for (const [index, { tokens }] of said.entries()) {
    const [first, before] = [tokens[0], all.at(-1)];
    if (first === undefined) continue;
    const message = index - said.length + 1;
    const sentences = before === undefined ? 0 : before.sentence + 1 - first.sentence;
    const stops = before?.stop ?? 0;
    // Written out: many are made, and copying whatever a token has takes several times as long.
    for (const token of tokens) {
      all.push({
        text: token.text,
        message,
        start: token.start,
        end: token.end,
        breakBefore: token.breakBefore,
        ids: token.ids,
        exact: token.exact,
        sentence: token.sentence + sentences,
        stop: token.stop + stops,
        isContinued: token.isContinued,
      });
    }
  }
  return all;
}

function tokensOf(words: readonly RawWord[], vocabulary: Vocabulary, meter: Meter): Token[] {
  const tokens: Token[] = [];
  let sentence = 0;
  let stop = 0;
  let before = words[0]?.message;
  for (const word of words) {
    const { text, message, start, end, breakBefore } = word;
    const isLine = breakBefore === 'line' || message !== before;
    if (isLine || breakBefore === 'sentence') sentence += 1;
    if (breakBefore === 'sentence') stop += 1;
    before = message;
    let isContinued = false;
    for (const { ids, exact } of readingsOf(word, vocabulary, meter)) {
      tokens.push({
        text,
        message,
        start,
        end,
        breakBefore,
        ids,
        exact,
        sentence,
        stop,
        isContinued,
      });
      isContinued = true;
    }
  }
  return tokens;
}

const NOTHING: readonly Reading[] = [{ ids: [], exact: [] }];

function readingsOf({ text }: RawWord, vocabulary: Vocabulary, meter: Meter): readonly Reading[] {
  if (/^\d+$/u.test(text)) return [numberReading(text, vocabulary)];
  const resolved = vocabulary.resolve(text, meter);
  return resolved.kind === 'words' ? resolved.readings : NOTHING;
}

/** Besides itself a number may be a year, or many of something. */
function numberReading(digits: string, vocabulary: Vocabulary): Reading {
  const ids = [];
  if (vocabulary.has(digits)) ids.push(vocabulary.add(digits));
  if (/^(?:19|20)\d\d$/u.test(digits)) ids.push(vocabulary.add('#year'));
  else if (digits.length > 1 || digits >= '5') ids.push(vocabulary.add('#'));
  return { ids, exact: ids };
}
