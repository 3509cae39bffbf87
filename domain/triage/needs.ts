import type { Meter } from './meter.ts';
import type { Pattern } from './patterns.ts';

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

  constructor(patterns: readonly Pattern<Tag>[]) {
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
  endingIn(own: ReadonlySet<number>, earlier: ReadonlySet<number>, meter: Meter): Pattern<Tag>[] {
    const found = new Set<Pattern<Tag>>();
    for (const id of own) {
      for (const { pattern, rarestFirst, inOrder } of this.#byEnd.get(id) ?? []) {
        meter.tick();
        const areThere = rarestFirst.every((ids) => hasOneOf(own, ids) || hasOneOf(earlier, ids));
        if (areThere && mayBeSplit(inOrder, own, earlier)) found.add(pattern);
      }
    }
    return [...found];
  }
}

/** Whether some of the words, from the first on, are in earlier messages, and the others in the last. */
function mayBeSplit(
  words: readonly Ids[],
  own: ReadonlySet<number>,
  earlier: ReadonlySet<number>,
): boolean {
  const lastElsewhere = words.findLastIndex((ids) => !hasOneOf(own, ids));
  return words.slice(0, lastElsewhere + 1).every((ids) => hasOneOf(earlier, ids));
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

export function hasOneOf(present: ReadonlySet<number>, ids: Ids): boolean {
  for (const id of ids) if (present.has(id)) return true;
  return false;
}
