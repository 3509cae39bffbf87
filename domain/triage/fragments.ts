import type { Folded } from './fold.ts';
import { LEET } from './look-alikes.ts';
import type { Meter } from './meter.ts';
import type { RawWord } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

const LETTERS_FROM = 3;

/** "k i l l  m y s e l f": runs of single letters become the words that they spell. */
export function mergeLetters(
  words: readonly RawWord[],
  vocabulary: Vocabulary,
  meter: Meter,
): RawWord[] {
  const merged: RawWord[] = [];
  let from = 0;
  while (from < words.length) {
    let to = from;
    while (to < words.length && words[to]?.text.length === 1) to += 1;
    if (to - from < LETTERS_FROM) {
      to = Math.max(to, from + 1);
      merged.push(...words.slice(from, to));
    } else {
      merged.push(...spelled(words.slice(from, to), vocabulary, meter));
    }
    from = to;
  }
  return merged;
}

function spelled(run: readonly RawWord[], vocabulary: Vocabulary, meter: Meter): RawWord[] {
  const letters = run.map(({ text }) => LEET.get(text) ?? text).join('');
  const words = vocabulary.segment(letters, meter);
  if (!words.some(({ word }) => word.length >= LETTERS_FROM)) return [...run];
  return words.flatMap(({ word, start, end }) => joined(run.slice(start, end), word));
}

function joined(parts: readonly RawWord[], text: string): RawWord[] {
  const first = parts[0];
  const last = parts.at(-1);
  if (first === undefined || last === undefined) return [];
  // A word that began in an earlier message is told with where it ends.
  const start = first.message === last.message ? first.start : last.start;
  return [{ ...last, text, start, breakBefore: first.breakBefore }];
}

const DIGITS = /^\d+$/u;
const LETTER_OR_DIGIT = /^[\p{L}\d]$/u;
export const MOST_FRAGMENTS = 4;
const LONGEST_JOINED = 16;
/** From here on even two known words may be one ("my self", "over dose"). */
const JOIN_KNOWN_FROM = 6;

/** Puts neighbours together, so many at a time. */
export function mergeFragments(words: readonly RawWord[], counts: readonly number[]): RawWord[] {
  const merged: RawWord[] = [];
  let from = 0;
  for (const count of counts) {
    const parts = words.slice(from, from + count);
    const text = parts.map((part) => part.text).join('');
    merged.push(...(count > 1 ? joined(parts, text) : parts));
    from += count;
  }
  return merged;
}

/**
 * "ki ll mys elf": how many neighbours that are no words by themselves, but are one together, make
 * each word. Where messages are glued, the end of one and the beginning of the next may be any word.
 */
export function fragmentCounts(
  words: readonly RawWord[],
  vocabulary: Vocabulary,
  meter: Meter,
  isGlued: boolean,
): number[] {
  const counts: number[] = [];
  let from = 0;
  while (from < words.length) {
    const isSevered = isGlued && spansMessages(words, from, vocabulary);
    const count = isSevered ? 2 : fragmentCount(words, from, vocabulary, meter, isGlued);
    counts.push(count);
    from += count;
  }
  return counts;
}

/** Whether a message may end in the middle of a word that the next one goes on with. */
export function isBrokenOff(messages: readonly Folded[], vocabulary: Vocabulary): boolean {
  return messages.some(({ chars }, index) => {
    const next = messages[index + 1];
    if (next === undefined) return false;
    return isOneWord(endOf(chars), beginningOf(next.chars), vocabulary);
  });
}

function endOf(chars: readonly string[]): string {
  let to = chars.length;
  while (to > 0 && !LETTER_OR_DIGIT.test(chars[to - 1] ?? '')) to -= 1;
  let from = to;
  while (from > 0 && to - from <= LONGEST_JOINED && LETTER_OR_DIGIT.test(chars[from - 1] ?? ''))
    from -= 1;
  return chars.slice(from, to).join('');
}

function beginningOf(chars: readonly string[]): string {
  const from = chars.findIndex((char) => LETTER_OR_DIGIT.test(char));
  if (from === -1) return '';
  let to = from;
  while (to - from <= LONGEST_JOINED && LETTER_OR_DIGIT.test(chars[to] ?? '')) to += 1;
  return chars.slice(from, to).join('');
}

function isOneWord(first: string, second: string, vocabulary: Vocabulary): boolean {
  const isNumber = DIGITS.test(first) && DIGITS.test(second);
  return isNumber || (first !== '' && second !== '' && vocabulary.has(first + second));
}

function spansMessages(words: readonly RawWord[], from: number, vocabulary: Vocabulary): boolean {
  const [first, second] = [words[from], words[from + 1]];
  if (first === undefined || second === undefined || first.message === second.message) return false;
  return isOneWord(first.text, second.text, vocabulary);
}

/** How many words from `from` on are one together; 1 where the first is one by itself. */
export function fragmentCount(
  words: readonly RawWord[],
  from: number,
  vocabulary: Vocabulary,
  meter: Meter,
  isGlued: boolean,
): number {
  let text = words[from]?.text ?? '';
  const isFirstKnown = vocabulary.isKnown(text);
  let isAllKnown = isFirstKnown;
  for (let count = 2; count <= MOST_FRAGMENTS; count += 1) {
    const next = words[from + count - 1];
    if (next === undefined || next.breakBefore === 'sentence') return 1;
    if (!vocabulary.isBeginning(text)) return 1;
    if (isGlued && spansMessages(words, from + count - 1, vocabulary)) return 1;
    meter.tick();
    text += next.text;
    isAllKnown &&= vocabulary.isKnown(next.text);
    if (text.length > LONGEST_JOINED) return 1;
    // A stray letter after a word is the next one begun ("cut s"), unless it makes a long one.
    const isStray = isFirstKnown && count === 2 && next.text.length === 1;
    const least = isAllKnown || isStray ? JOIN_KNOWN_FROM : 3;
    if (vocabulary.has(text) && text.length >= least) return count;
  }
  return 1;
}
