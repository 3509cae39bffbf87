import type { Meter } from './meter.ts';
import type { Pattern } from './patterns.ts';
import { type WordMarks, areAllMarked, isOneMarked } from './word-marks.ts';

type Ids = readonly number[];

interface Needs<Tag> {
  readonly pattern: Pattern<Tag>;
  /** Of each word that must be there, what it may be; the rarest first. */
  readonly rarestFirst: readonly Ids[];
  /** The same in the order of the words. */
  readonly inOrder: readonly Ids[];
}

/** Which patterns a message may complete, by the words that are there; where they are is not asked. */
export class PatternNeeds<Tag> {
  /** By what a match may end with. */
  readonly #byEnd = new Map<number, Needs<Tag>[]>();

  readonly #marks: WordMarks;

  constructor(patterns: readonly Pattern<Tag>[], marks: WordMarks) {
    this.#marks = marks;
    const uses = usesOf(patterns);
    const rarity = (ids: Ids): number => ids.reduce((sum, id) => sum + (uses.get(id) ?? 0), 0);
    for (const pattern of patterns) {
      const { elements } = pattern;
      const inOrder = elements.flatMap(({ ids, isOptional }) => (isOptional ? [] : [[...ids]]));
      const rarestFirst = inOrder.toSorted((a, b) => rarity(a) - rarity(b));
      const last = elements.findLastIndex(({ isOptional }) => !isOptional);
      for (const id of new Set(elements.slice(last).flatMap(({ ids }) => [...ids]))) {
        const known = this.#byEnd.get(id) ?? [];
        known.push({ pattern, rarestFirst, inOrder });
        this.#byEnd.set(id, known);
      }
    }
  }

  /**
   * The patterns that may match with their end in a message of the words `own`, and what is not in
   * it in the messages before, of the words `earlier`.
   */
  endingIn(own: Ids, earlier: readonly Ids[], meter: Meter): Pattern<Tag>[] {
    const there = this.#marks.cleared();
    for (const ids of earlier) for (const id of ids) there[id] = EARLIER;
    for (const id of own) there[id] = there[id]! | OWN;
    const found: Pattern<Tag>[] = [];
    for (const id of own) {
      const ending = this.#byEnd.get(id) ?? NONE;
      meter.tick(ending.length);
      for (let at = 0; at < ending.length; at += 1) {
        const { pattern, rarestFirst, inOrder } = ending[at]!;
        if (!areAllMarked(rarestFirst, there) || !mayBeSplit(inOrder, there)) continue;
        if (!found.includes(pattern)) found.push(pattern);
      }
    }
    return found;
  }
}

const NONE: readonly never[] = [];
const EARLIER = 1;
const OWN = 2;

/** Whether some of the words, from the first on, are in earlier messages, and the others in the last. */
function mayBeSplit(words: readonly Ids[], there: Uint8Array): boolean {
  let last = words.length - 1;
  while (last >= 0 && isOneMarked(words[last]!, there, OWN)) last -= 1;
  for (let at = 0; at <= last; at += 1) if (!isOneMarked(words[at]!, there, EARLIER)) return false;
  return true;
}

/** In how many patterns each word has a place: those of few say more. */
function usesOf(patterns: readonly Pattern<unknown>[]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const { elements } of patterns) {
    for (const id of new Set(elements.flatMap(({ ids }) => [...ids]))) {
      uses.set(id, (uses.get(id) ?? 0) + 1);
    }
  }
  return uses;
}
