import type { Folded } from './fold.ts';
import { LEET, LEET_L } from './look-alikes.ts';
import type { Meter } from './meter.ts';
import type { Break, RawWord } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

const LONGEST_CHUNK = 40;
const LETTER = /^\p{L}$/u;
const DIGIT = /^\d$/u;
const SENTENCE_ENDS = new Set('.!?;。');
const CLAUSE_ENDS = new Set(',:()[]{}"“”«»—–…');

interface Piece {
  text: string;
  readonly start: number;
  end: number;
  breakBefore: Break;
}

/**
 * The words of one message, look-alike digits and signs inside them undone. With `mayBreakOff` its
 * first and last word may be parts of longer ones.
 */
export function chunkWords(
  folded: Folded,
  message: number,
  vocabulary: Vocabulary,
  meter: Meter,
  mayBreakOff = false,
): RawWord[] {
  const { chars } = folded;
  const words: RawWord[] = [];
  let carried: Break = 'none';
  let from = 0;
  while (from < chars.length) {
    if (isBlank(chars[from])) {
      if (chars[from] === '\n') carried = stronger(carried, 'line');
      from += 1;
      continue;
    }
    let to = from;
    while (to < chars.length && !isBlank(chars[to])) to += 1;
    meter.tick(to - from);
    const isAtEdge = mayBreakOff && (from === 0 || to === chars.length);
    const chunk = readChunk(chars.slice(from, to), carried, isAtEdge, vocabulary, meter);
    for (const { text, start, end, breakBefore } of chunk.pieces) {
      words.push({
        text,
        message,
        start: folded.starts[from + start] ?? 0,
        end: folded.ends[from + end - 1] ?? 0,
        breakBefore,
      });
    }
    carried = chunk.carried;
    from = to;
  }
  return words;
}

/** What stands between two blanks. */
export interface Chunk {
  readonly pieces: readonly Piece[];
  /** What it leaves before the next one. */
  readonly carried: Break;
}

function readChunk(
  chars: readonly string[],
  carried: Break,
  isAtEdge: boolean,
  vocabulary: Vocabulary,
  meter: Meter,
): Chunk {
  const read = (): Chunk => chunkOf(chars, carried, isAtEdge, vocabulary, meter);
  if (isAtEdge || chars.length > LONGEST_CHUNK) return read();
  return vocabulary.chunks.get(`${carried} ${chars.join('')}`, meter, read);
}

function chunkOf(
  chars: readonly string[],
  carried: Break,
  isAtEdge: boolean,
  vocabulary: Vocabulary,
  meter: Meter,
): Chunk {
  const { pieces, trailing } = piecesOf(chars, carried);
  const isBrokenOff = isAtEdge && pieces.length === 1;
  const found = isBrokenOff ? pieces : wholeOrPieces(chars, pieces, carried, vocabulary, meter);
  if (pieces.length === 0) return { pieces: found, carried: stronger(carried, trailing) };
  // A "!" that stands for a letter ends no sentence.
  const isLetter = (found.at(-1)?.end ?? 0) > (pieces.at(-1)?.end ?? chars.length);
  return { pieces: found, carried: isLetter ? 'none' : trailing };
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\n';
}

/** Runs of letters (with inner apostrophes) and runs of digits between two blanks. */
function piecesOf(chars: readonly string[], before: Break): { pieces: Piece[]; trailing: Break } {
  const pieces: Piece[] = [];
  let pending = before;
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    const kind = kindOf(char);
    const last = pieces.at(-1);
    if (kind === 'other') {
      const isInner = char === "'" && kindOf(chars[at + 1] ?? '') === 'letter';
      if (!(isInner && last?.end === at))
        pending = stronger(pending, isPause(chars, at) ? 'clause' : breakOf(char));
    } else if (last !== undefined && continues(chars, last.end, at, kind)) {
      last.text += char;
      last.end = at + 1;
    } else {
      pieces.push({ text: char, start: at, end: at + 1, breakBefore: pending });
      pending = 'none';
    }
  }
  return { pieces, trailing: pending };
}

/** Whether the character at `at` belongs to the run that ended at `end`. */
function continues(chars: readonly string[], end: number, at: number, kind: Kind): boolean {
  if (kindOf(chars[end - 1] ?? '') !== kind) return false;
  return end === at || (kind === 'letter' && end === at - 1 && chars[end] === "'");
}

type Kind = 'letter' | 'digit' | 'other';

function kindOf(char: string): Kind {
  if (LETTER.test(char)) return 'letter';
  return DIGIT.test(char) ? 'digit' : 'other';
}

/** "I want ... to die", "pens!on": dots in a row and signs amid letters end no sentence; nor does a dash. */
function isPause(chars: readonly string[], at: number): boolean {
  if (chars[at] === '-') return chars.every((char) => char === '-');
  if (chars[at] === '!') return kindOf(chars[at + 1] ?? '') !== 'other';
  return chars[at] === '.' && (chars[at - 1] === '.' || chars[at + 1] === '.');
}

function breakOf(char: string): Break {
  if (SENTENCE_ENDS.has(char)) return 'sentence';
  return CLAUSE_ENDS.has(char) ? 'clause' : 'none';
}

const STRENGTH: readonly Break[] = ['none', 'clause', 'line', 'sentence'];

function stronger(a: Break, b: Break): Break {
  return STRENGTH.indexOf(a) >= STRENGTH.indexOf(b) ? a : b;
}

/** An apostrophe can make another word of the same letters ("od'd"). */
function withApostrophe(piece: Piece, chars: readonly string[], vocabulary: Vocabulary): Piece {
  const written = chars.slice(piece.start, piece.end).join('');
  const isOther = written.length > piece.text.length && vocabulary.has(written);
  return isOther ? { ...piece, text: written } : piece;
}

function wholeOrPieces(
  chars: readonly string[],
  found: readonly Piece[],
  before: Break,
  vocabulary: Vocabulary,
  meter: Meter,
): readonly Piece[] {
  const pieces = found.map((piece) => withApostrophe(piece, chars, vocabulary));
  const first = pieces[0];
  const last = pieces.at(-1);
  if (first === undefined || last === undefined) return pieces;
  const start = withLeet(chars, first.start, -1);
  const end = withLeet(chars, last.end - 1, 1) + 1;
  const isKnown = pieces.every(
    ({ text }) => vocabulary.isKnown(text) && (text.length > 1 || text === 'i' || text === 'a'),
  );
  // "+rain" is a train, though rain is a word, and "me$$age" none of me and age.
  const signed = (): string => leet(chars.slice(start, Math.min(end, start + LONGEST_CHUNK)), 'i');
  const isSigned = pieces.length > 1 || end - start > last.end - first.start;
  if (isKnown && !(isSigned && vocabulary.has(signed()))) return pieces;
  const spans: [number, number][] = [
    [start, end],
    [start, last.end],
    [first.start, last.end],
  ];
  for (const [from, to] of spans) {
    const found = oneWord(chars.slice(from, to), vocabulary, meter);
    if (found !== undefined) {
      const breakBefore = from < first.start ? before : first.breakBefore;
      return [{ text: found, start: from, end: to, breakBefore }];
    }
  }
  return (
    runTogether(pieces, chars, vocabulary, meter) ??
    pieces.flatMap((piece) => splitUp(piece, vocabulary, meter))
  );
}

/** Takes in signs that stand for letters next to a word ("$uicide", "kil|"). */
function withLeet(chars: readonly string[], from: number, step: 1 | -1): number {
  let at = from;
  while (LEET.has(chars[at + step] ?? '') && Math.abs(at - from) < 8) at += step;
  return at;
}

/** The word that these characters spell, if it is one that the vocabulary has. */
function oneWord(
  chars: readonly string[],
  vocabulary: Vocabulary,
  meter: Meter,
): string | undefined {
  if (chars.length > LONGEST_CHUNK || !chars.some((char) => LETTER.test(char))) return undefined;
  meter.tick(chars.length);
  const readings = [...new Set([chars.join(''), leet(chars, 'i'), leet(chars, 'l'), bare(chars)])];
  const known = readings.find((reading) => vocabulary.has(reading));
  if (known !== undefined) return known;
  const plainly = readings.find(
    (reading) => reading !== '' && vocabulary.resolvePlainly(reading, meter).kind === 'words',
  );
  if (plainly !== undefined) return plainly;
  const visual = bare(chars).replaceAll('vv', 'w').replaceAll('rn', 'm');
  if (chars.length > 4 && vocabulary.has(visual)) return visual;
  if (chars.includes('*')) {
    const filled = vocabulary.fill(
      chars.filter((char) => char === '*' || LETTER.test(char)).join(''),
      meter,
    );
    if (filled !== undefined) return filled;
  }
  const isPureWord = chars.every((char) => LETTER.test(char) || char === "'");
  if (isPureWord || chars.length < 5) return undefined;
  return readings.slice(1).find((reading) => vocabulary.resolve(reading, meter).kind === 'words');
}

function bare(chars: readonly string[]): string {
  return chars.filter((char) => LETTER.test(char)).join('');
}

function leet(chars: readonly string[], ambiguous: 'i' | 'l'): string {
  return chars
    .map((char) => {
      if (LETTER.test(char)) return char;
      return ambiguous === 'l' && LEET_L.has(char) ? 'l' : (LEET.get(char) ?? '');
    })
    .join('');
}

/** Several words within one chunk: "i🔪want🔪to🔪die", "1wantt0die". */
function runTogether(
  pieces: readonly Piece[],
  chars: readonly string[],
  vocabulary: Vocabulary,
  meter: Meter,
): Piece[] | undefined {
  const [first] = pieces;
  const last = pieces.at(-1);
  if (first === undefined || last === undefined || pieces.length === 1) return undefined;
  const at: number[] = [];
  let letters = '';
  for (let index = first.start; index < last.end; index += 1) {
    const char = chars[index] ?? '';
    const letter = LETTER.test(char) ? char : DIGIT.test(char) ? LEET.get(char) : undefined;
    if (letter === undefined) continue;
    at.push(index);
    letters += letter;
  }
  const words = vocabulary.segment(letters, meter);
  const covered = words.reduce((sum, { word }) => sum + word.length, 0);
  if (covered < letters.length || !words.some(({ word }) => word.length > 2)) return undefined;
  return words.map(({ word, start, end }, index) => ({
    text: word,
    start: at[start] ?? first.start,
    end: (at[end - 1] ?? first.start) + 1,
    breakBefore: index === 0 ? first.breakBefore : 'none',
  }));
}

const SEGMENT_FROM_LETTERS = 5;

/** "killmyself": at least two words, seven letters of them, or the whole. */
function splitUp(piece: Piece, vocabulary: Vocabulary, meter: Meter): Piece[] {
  const { text, start, breakBefore } = piece;
  if (text.length < SEGMENT_FROM_LETTERS || text.includes("'") || DIGIT.test(text[0] ?? '')) {
    return [piece];
  }
  if (vocabulary.resolve(text, meter).kind !== 'unknown') return [piece];
  const words = vocabulary.segment(text, meter);
  const covered = words.reduce((sum, { word }) => sum + word.length, 0);
  const isWhole = covered === (words.at(-1)?.end ?? 0) - (words[0]?.start ?? 0);
  if (words.length < 2 || !isWhole || (covered < text.length && covered < 7)) return [piece];
  return words.map((word, index) => ({
    text: word.word,
    start: start + word.start,
    end: start + word.end,
    breakBefore: index === 0 ? breakBefore : 'none',
  }));
}
