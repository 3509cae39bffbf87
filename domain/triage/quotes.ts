import type { Folded } from './fold.ts';
import type { Meter } from './meter.ts';

/** A quotation within one message, as offsets of the original text. */
export interface Quote {
  readonly start: number;
  readonly end: number;
}

const PAIRS: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
]);
const LETTER = /^[\p{L}\d]$/u;

/** What stands between quotation marks; a mark without its partner opens nothing. */
export function findQuotes(folded: Folded, meter: Meter): Quote[] {
  const quotes: Quote[] = [];
  let open: { at: number; closing: string } | undefined;
  for (const [at, char] of folded.chars.entries()) {
    meter.tick();
    if (open !== undefined && closes(folded.chars, at, open.closing)) {
      quotes.push({ start: folded.starts[open.at] ?? 0, end: folded.ends[at] ?? 0 });
      open = undefined;
    } else if (open === undefined) {
      const closing = PAIRS.get(char) ?? (opensSingle(folded.chars, at) ? "'" : undefined);
      if (closing !== undefined) open = { at, closing };
    }
  }
  return quotes;
}

function opensSingle(chars: readonly string[], at: number): boolean {
  if (chars[at] !== "'") return false;
  return !LETTER.test(chars[at - 1] ?? ' ') && LETTER.test(chars[at + 1] ?? ' ');
}

/** An apostrophe within a word closes nothing; a curly pair may be closed by a straight mark. */
function closes(chars: readonly string[], at: number, closing: string): boolean {
  const char = chars[at] ?? '';
  if (closing !== "'") return char === closing || (char === '"' && closing === '”');
  return char === "'" && !LETTER.test(chars[at + 1] ?? ' ');
}
