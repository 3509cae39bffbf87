import { MOST_FRAGMENTS, fragmentCount } from './fragments.ts';
import type { Meter } from './meter.ts';
import type { Said } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Whether words of several messages become one, so that they are not what each message says. */
export function areTied(said: readonly Said[], vocabulary: Vocabulary, meter: Meter): boolean {
  const written = said.filter(({ raw }) => raw.length > 0);
  if (written.some((one, at) => areLetters(one, written[at + 1]))) return true;
  const words = written.flatMap((one) => one.words);
  let end = 0;
  return written.some((one) => {
    end += one.words.length;
    return lastAlone(one).some(
      (back) => fragmentCount(words, end - back, vocabulary, meter, false) > 1,
    );
  });
}

/** Letters at the end of one message and at the beginning of the next may spell a word. */
function areLetters(one: Said, next: Said | undefined): boolean {
  return one.raw.at(-1)?.text.length === 1 && next?.raw[0]?.text.length === 1;
}

/** How far before the end those words stand that nothing follows in their message to become one with. */
function lastAlone({ counts }: Said): number[] {
  const places: number[] = [];
  let back = 0;
  for (const count of counts.toReversed()) {
    back += count;
    if (back >= MOST_FRAGMENTS) break;
    if (count === 1) places.push(back);
  }
  return places;
}
