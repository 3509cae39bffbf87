import type { Meter } from './meter.ts';
import type { Token } from './tokens.ts';
import { type WordMarks, areAllMarked } from './word-marks.ts';

export interface Element {
  readonly ids: ReadonlySet<number>;
  readonly isOptional: boolean;
  /** How many words that are no fillers may stand before it. */
  readonly gap: number;
  /** A comma or a new line may stand before it, even where the pattern stays within a clause. */
  readonly mayPause: boolean;
}

/** How a pattern is read. */
export interface Manner {
  /** Only words spelled right count: for whatever makes a match vanish. */
  readonly isStrict: boolean;
  /** It ends at a comma or a new line: what is said beyond explains nothing. */
  readonly isWithinClause: boolean;
}

export interface Pattern<Tag> extends Manner {
  readonly source: string;
  readonly tag: Tag;
  readonly elements: readonly Element[];
}

export interface Match<Tag> {
  readonly pattern: Pattern<Tag>;
  /** Indexes of the tokens that its elements took, ascending. */
  readonly tokens: readonly number[];
}

const MOST_FILLERS = 4;
interface Indexed<Tag> {
  readonly pattern: Pattern<Tag>;
  /** What must be in a text somewhere after its first word, the rarest first. */
  readonly needs: readonly (readonly number[])[];
}

/** Patterns by the words that they may begin with. */
export class PatternIndex<Tag> {
  readonly #byFirst = new Map<number, Indexed<Tag>[]>();
  readonly #fillers: ReadonlySet<number>;
  readonly #marks: WordMarks;

  constructor(patterns: readonly Pattern<Tag>[], fillers: ReadonlySet<number>, marks: WordMarks) {
    this.#fillers = fillers;
    this.#marks = marks;
    for (const pattern of patterns) {
      const [first, ...rest] = pattern.elements;
      const needs = rest
        .filter(({ isOptional }) => !isOptional)
        .map(({ ids }) => [...ids])
        .toSorted((a, b) => a.length - b.length);
      for (const id of first?.ids ?? []) {
        const known = this.#byFirst.get(id) ?? [];
        known.push({ pattern, needs });
        this.#byFirst.set(id, known);
      }
    }
  }

  /** At most one match of each pattern at each word: steps are bounded by words times patterns. */
  find(tokens: readonly Token[], meter: Meter): Match<Tag>[] {
    const matches: Match<Tag>[] = [];
    const present = new Set<number>();
    for (const { ids } of tokens) for (const id of ids) present.add(id);
    const there = this.#marks.cleared();
    for (const id of present) there[id] = 1;
    const possible = new Map<number, readonly Pattern<Tag>[]>();
    for (const id of present) {
      const patterns = this.#possibleFrom(id, there, meter);
      if (patterns.length > 0) possible.set(id, patterns);
    }
    for (let at = 0; at < tokens.length; at += 1) {
      for (const pattern of startingAt(tokens[at]!, possible)) {
        meter.tick();
        const taken = this.#matchAt(pattern, tokens, at, meter);
        if (taken !== undefined) matches.push({ pattern, tokens: taken });
      }
    }
    return matches;
  }

  /** As {@link find}, of these patterns alone. */
  findThese(
    patterns: readonly Pattern<Tag>[],
    tokens: readonly Token[],
    meter: Meter,
  ): Match<Tag>[] {
    const matches: Match<Tag>[] = [];
    for (const pattern of patterns) {
      for (let at = 0; at < tokens.length; at += 1) {
        meter.tick();
        const taken = this.#matchAt(pattern, tokens, at, meter);
        if (taken !== undefined) matches.push({ pattern, tokens: taken });
      }
    }
    return matches;
  }

  /** Most patterns lack a word in most texts: that is seen once for each text, not at each word. */
  #possibleFrom(id: number, there: Uint8Array, meter: Meter): Pattern<Tag>[] {
    const indexed = this.#byFirst.get(id);
    if (indexed === undefined) return [];
    meter.tick(indexed.length);
    const patterns: Pattern<Tag>[] = [];
    for (let at = 0; at < indexed.length; at += 1) {
      const { pattern, needs } = indexed[at]!;
      if (areAllMarked(needs, there)) patterns.push(pattern);
    }
    return patterns;
  }

  #matchAt(
    pattern: Pattern<Tag>,
    tokens: readonly Token[],
    at: number,
    meter: Meter,
  ): number[] | undefined {
    const { elements } = pattern;
    if (!fits(elements[0]!, tokens[at], pattern)) return undefined;
    // Every place where the elements so far may end, each with the words taken on the way.
    let frontier = new Map<number, readonly number[]>([[at, [at]]]);
    for (let index = 1; index < elements.length; index += 1) {
      const element = elements[index]!;
      const next = new Map<number, readonly number[]>();
      for (const [end, path] of frontier) {
        if (element.isOptional && !next.has(end)) next.set(end, path);
        for (const found of this.#reach(element, tokens, end, pattern, meter)) {
          if (!next.has(found)) next.set(found, [...path, found]);
        }
      }
      if (next.size === 0) return undefined;
      frontier = next;
    }
    const [nearest] = frontier.values();
    return nearest === undefined ? undefined : [...nearest];
  }

  #reach(
    element: Element,
    tokens: readonly Token[],
    end: number,
    manner: Manner,
    meter: Meter,
  ): number[] {
    const found: number[] = [];
    let fillers = 0;
    let others = 0;
    for (let at = end + 1; at < tokens.length; at += 1) {
      meter.tick();
      const token = tokens[at];
      if (token === undefined || crossesSentence(element, tokens, end, at)) break;
      if (manner.isWithinClause && endsClause(element, token)) break;
      if (fits(element, token, manner)) found.push(at);
      if (this.#isFiller(token, tokens[at - 1])) fillers += 1;
      else others += 1;
      if (fillers > MOST_FILLERS || others > element.gap) break;
    }
    return found;
  }

  #isFiller(token: Token, before: Token | undefined): boolean {
    for (const id of token.ids) if (this.#fillers.has(id)) return true;
    const { text } = token;
    return (text === before?.text && !token.isContinued) || isFewDigits(text);
  }
}

function isFewDigits(text: string): boolean {
  return text.length <= 2 && /^\d+$/u.test(text);
}

function startingAt<Tag>(
  { ids }: Token,
  possible: ReadonlyMap<number, readonly Pattern<Tag>[]>,
): Iterable<Pattern<Tag>> {
  if (ids.length === 1) return possible.get(ids[0]!) ?? [];
  const lists = ids.flatMap((id) => possible.get(id) ?? []);
  return lists.length > 1 ? new Set(lists) : lists;
}

/** With words left out between, a phrase ends with its sentence, but not with its message. */
function crossesSentence(
  element: Element,
  tokens: readonly Token[],
  from: number,
  to: number,
): boolean {
  const start = tokens[from];
  const end = tokens[to];
  if (element.gap === 0 || start === undefined || end === undefined) return false;
  return start.stop !== end.stop && start.message === end.message;
}

function endsClause({ mayPause }: Element, { breakBefore, isContinued }: Token): boolean {
  if (isContinued || breakBefore === 'none') return false;
  return !mayPause || breakBefore === 'sentence';
}

function fits(element: Element, token: Token | undefined, { isStrict }: Manner): boolean {
  const ids = isStrict ? token?.exact : token?.ids;
  if (ids === undefined) return false;
  for (const id of ids) if (element.ids.has(id)) return true;
  return false;
}
