import { MOST_FRAGMENTS, fragmentCount } from './fragments.ts';
import type { Meter } from './meter.ts';
import type { RawWord, Said } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Whether words of several messages become one, so that they are not what each message says. */
export function areTied(said: readonly Said[], vocabulary: Vocabulary, meter: Meter): boolean {
  const written = said.filter(({ raw }) => raw.length > 0);
  return written.some((one, at) => {
    if (areLetters(one, written[at + 1])) return true;
    if (one.looseEnds.length === 0) return false;
    const words = [...one.words.slice(1 - MOST_FRAGMENTS), ...firstWords(written, at + 1)];
    const end = Math.min(one.words.length, MOST_FRAGMENTS - 1);
    return one.looseEnds.some(
      (back) => fragmentCount(words, end - back, vocabulary, meter, false) > 1,
    );
  });
}

/** Letters at the end of one message and at the beginning of the next may spell a word. */
function areLetters(one: Said, next: Said | undefined): boolean {
  return one.raw.at(-1)?.text.length === 1 && next?.raw[0]?.text.length === 1;
}

/** As many words from the beginning of a message on as may become one with a word before. */
function firstWords(said: readonly Said[], from: number): RawWord[] {
  const words: RawWord[] = [];
  for (let at = from; at < said.length && words.length < MOST_FRAGMENTS - 1; at += 1) {
    words.push(...said[at]!.words.slice(0, MOST_FRAGMENTS - 1));
  }
  return words;
}

/**
 * How far before the end of a message those words stand that nothing follows there to become one
 * with, and that a longer word begins with.
 */
export function looseEnds(
  words: readonly RawWord[],
  counts: readonly number[],
  vocabulary: Vocabulary,
): number[] {
  const places: number[] = [];
  let back = 0;
  for (const count of counts.toReversed()) {
    back += count;
    if (back >= MOST_FRAGMENTS) break;
    const isBeginning = vocabulary.isBeginning(words.at(-back)?.text ?? '');
    if (count === 1 && isBeginning) places.push(back);
  }
  return places;
}
