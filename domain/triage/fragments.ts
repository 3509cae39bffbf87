import { type Folded, LONGEST_JOINED } from './fold.ts';
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
export const MOST_FRAGMENTS = 4;
/** From here on even two known words may be one ("my self", "over dose"). */
const JOIN_KNOWN_FROM = 6;

/** Puts neighbours together, so many at a time. */
export function mergeFragments(words: readonly RawWord[], counts: readonly number[]): RawWord[] {
  const merged: RawWord[] = [];
  let from = 0;
  for (const count of counts) {
    if (count === 1) merged.push(words[from]!);
    else {
      const parts = words.slice(from, from + count);
      merged.push(...joined(parts, parts.map(({ text }) => text).join('')));
    }
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
  return messages.some(({ lastWord }, index) => {
    const next = messages[index + 1];
    return next !== undefined && isOneWord(lastWord, next.firstWord, vocabulary);
  });
}

function isOneWord(first: string, second: string, vocabulary: Vocabulary): boolean {
  if (first === '' || second === '') return false;
  if (vocabulary.mayGoOn(first, second) && vocabulary.has(first + second)) return true;
  return DIGITS.test(first) && DIGITS.test(second);
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
  const first = words[from]?.text ?? '';
  let text = first;
  for (let count = 2; count <= MOST_FRAGMENTS; count += 1) {
    const next = words[from + count - 1];
    if (next === undefined || next.breakBefore === 'sentence') return 1;
    if (!vocabulary.isBeginning(text)) return 1;
    if (isGlued && spansMessages(words, from + count - 1, vocabulary)) return 1;
    meter.tick();
    if (!vocabulary.mayGoOn(text, next.text)) return 1;
    text += next.text;
    if (text.length > LONGEST_JOINED) return 1;
    if (!vocabulary.has(text)) continue;
    const parts = words.slice(from, from + count);
    const isAllKnown = parts.every((part) => vocabulary.isKnown(part.text));
    // A stray letter after a word is the next one begun ("cut s"), unless it makes a long one.
    const isStray = count === 2 && next.text.length === 1 && vocabulary.isKnown(first);
    if (text.length >= (isAllKnown || isStray ? JOIN_KNOWN_FROM : 3)) return count;
  }
  return 1;
}
