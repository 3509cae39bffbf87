import { ENCLOSED_ALPHABETS, LOOK_ALIKES } from './look-alikes.ts';
import type { Meter } from './meter.ts';

/** A text as its bare characters, each with the stretch of the original that it came from. */
export interface Folded {
  readonly chars: readonly string[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** The letters and digits that it begins and ends with: a word may go on in another message. */
  readonly firstWord: string;
  readonly lastWord: string;
}

const UNSEEN = /^[\p{M}\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\uFFFD]$/u;
const BLANK = /^[\s\u2800]$/u;
/** "i🔪want🔪to": what is no letter to anybody parts words. */
const PICTURE = /^\p{Extended_Pictographic}$/u;
const APOSTROPHES = new Set("'’‘`´ʼ′＇‛ʹ");

const LETTER_OR_DIGIT = /^[\p{L}\d]$/u;

const LONGEST_LIGATURE = 6;
/** Longer words are not looked for in pieces. */
export const LONGEST_JOINED = 16;

/**
 * Lower case, no accents, no invisible characters, look-alike letters as Latin ones.
 * Each character is folded by itself, so the work is linear and offsets stay exact.
 */
export function fold(text: string, meter: Meter): Folded {
  const chars: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const original of text) {
    const end = at + original.length;
    const folded = ASCII[original.charCodeAt(0)] ?? foldCharacter(original);
    meter.tick();
    if (folded === '' && ends.length > 0 && !BLANK.test(chars.at(-1) ?? ' ')) {
      ends[ends.length - 1] = end;
    }
    for (const char of folded) {
      meter.tick();
      chars.push(char);
      starts.push(at);
      ends.push(end);
    }
    at = end;
  }
  return { chars, starts, ends, firstWord: firstWordOf(chars), lastWord: lastWordOf(chars) };
}

function lastWordOf(chars: readonly string[]): string {
  let to = chars.length;
  while (to > 0 && !LETTER_OR_DIGIT.test(chars[to - 1] ?? '')) to -= 1;
  let from = to;
  while (from > 0 && to - from <= LONGEST_JOINED && LETTER_OR_DIGIT.test(chars[from - 1] ?? ''))
    from -= 1;
  return chars.slice(from, to).join('');
}

function firstWordOf(chars: readonly string[]): string {
  const from = chars.findIndex((char) => LETTER_OR_DIGIT.test(char));
  if (from === -1) return '';
  let to = from;
  while (to - from <= LONGEST_JOINED && LETTER_OR_DIGIT.test(chars[to] ?? '')) to += 1;
  return chars.slice(from, to).join('');
}

/** As {@link fold}, for the words of a language pack. */
export function foldWord(word: string): string {
  return [...word].map(foldCharacter).join('');
}

function foldCharacter(original: string): string {
  if (original >= 'a' && original <= 'z') return original;
  if (original === '\n' || original === '\r') return '\n';
  if (BLANK.test(original)) return ' ';
  if (APOSTROPHES.has(original)) return "'";
  const code = original.codePointAt(0) ?? 0;
  if (code < 0x80) return code < 0x20 || code === 0x7f ? '' : original.toLowerCase();
  if (UNSEEN.test(original)) return '';
  const enclosed = ENCLOSED_ALPHABETS.find((first) => code >= first && code < first + 26);
  if (enclosed !== undefined) return String.fromCodePoint(0x61 + code - enclosed);
  const direct = LOOK_ALIKES.get(original);
  if (direct !== undefined) return direct;
  if (PICTURE.test(original)) return ' ';
  return decompose(original);
}

/** What most characters become, without asking what else they might be. */
const ASCII: readonly string[] = Array.from({ length: 0x80 }, (_, code) =>
  foldCharacter(String.fromCharCode(code)),
);

function decompose(original: string): string {
  const decomposed = [...original.normalize('NFKD')];
  // A whole phrase in one sign is no letter of anybody's; it would only make texts longer.
  if (decomposed.length > LONGEST_LIGATURE) return ' ';
  const parts = decomposed
    .filter((part) => !UNSEEN.test(part))
    .map(
      (part) => LOOK_ALIKES.get(part) ?? LOOK_ALIKES.get(part.toLowerCase()) ?? part.toLowerCase(),
    );
  // "⒦" comes apart into a letter in brackets.
  const letters = parts.filter((part) => /\p{L}/u.test(part));
  const kept = (letters.length > 0 ? letters : parts).join('');
  return BLANK.test(kept) ? ' ' : kept;
}
