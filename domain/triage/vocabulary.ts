import type { Chunk } from './chunks.ts';
import { type Folded, foldWord } from './fold.ts';
import type { Meter } from './meter.ts';
import { Recall, RecallOf } from './recall.ts';
import {
  FUZZY_FROM_LETTERS,
  isDrawn,
  isFuzzyLength,
  isOneEditApart,
  squeeze,
  withNeighboursSwapped,
  withoutOneLetter,
} from './spelling.ts';
import type { Said } from './tokens.ts';

/** What a written word may mean: ids of words, of which `exact` are spelled right. */
export interface Reading {
  readonly ids: readonly number[];
  readonly exact: readonly number[];
}

/** `unknown` words may still be several run together; `ordinary` ones are left alone. */
export type Resolved =
  | { readonly kind: 'words'; readonly readings: readonly Reading[] }
  | { readonly kind: 'ordinary' }
  | { readonly kind: 'unknown' };

const LONGEST_WORD = 16;
const LONGEST_GUESSED = 60;
const MOST_KEPT = 20_000;

/** Every word that a language pack knows, found by spelling, by repeated letters, by one typo. */
export class Vocabulary {
  /** Messages that were read with this vocabulary, while they are in somebody's view. */
  readonly said = new RecallOf<Folded, Said>();
  /** People use few words, over and over. */
  readonly chunks = new Recall<Chunk>(MOST_KEPT);
  readonly #resolved = new Recall<Resolved>(MOST_KEPT);
  readonly #ids = new Map<string, number>();
  readonly #squeezed = new Map<string, string[]>();
  readonly #shortened = new Map<string, string[]>();
  readonly #byLength = new Map<number, string[]>();
  readonly #expansions = new Map<string, readonly string[]>();
  readonly #ordinary: ReadonlySet<string>;
  /** What words begin with, each with the letters that one of them goes on with. */
  readonly #beginnings = new Map<string, string>();

  constructor(ordinary: Iterable<string>, expansions: Readonly<Record<string, string>>) {
    this.#ordinary = new Set([...ordinary].map(foldWord));
    for (const [short, long] of Object.entries(expansions)) {
      const key = foldWord(short);
      this.#expansions.set(key, long.split(' ').map(foldWord));
      this.#index(key);
      for (const word of long.split(' ')) this.add(word);
    }
  }

  add(word: string): number {
    const key = foldWord(word);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(key, id);
    push(this.#byLength, key.length, key);
    this.#index(key);
    return id;
  }

  /** All ids are below it. */
  get size(): number {
    return this.#ids.size;
  }

  has(word: string): boolean {
    return this.#ids.has(word) || this.#expansions.has(word);
  }

  /** Whether a word that the vocabulary has begins so. */
  isBeginning(letters: string): boolean {
    return this.#beginnings.has(letters);
  }

  /** Whether one of those that begin so may go on with these letters: false is certain. */
  mayGoOn(letters: string, further: string): boolean {
    return this.#beginnings.get(letters)?.includes(further.charAt(0)) === true;
  }

  /** Whether the word is nothing that needs guessing. */
  isKnown(word: string): boolean {
    return this.has(word) || this.#ordinary.has(word);
  }

  resolve(word: string, meter: Meter): Resolved {
    if (word.length > LONGEST_GUESSED) return this.#resolve(word, meter);
    return this.#resolved.get(word, meter, () => this.#resolve(word, meter));
  }

  #resolve(word: string, meter: Meter): Resolved {
    const expansion = this.#expansions.get(word);
    if (expansion !== undefined) return { kind: 'words', readings: expansion.map(this.#exactly) };
    const isOrdinary = this.#ordinary.has(word);
    const id = this.#ids.get(word);
    if (isOrdinary && id === undefined) return { kind: 'ordinary' };
    const similar = isOrdinary || word.length > LONGEST_GUESSED ? [] : this.#similar(word, meter);
    if (id !== undefined) {
      // Contractions are left out here: "want" is no "wasn't".
      const others = similar.filter((other) => !this.#expansions.has(other));
      const ids = new Set([id, ...others.flatMap(this.#everyId)]);
      return { kind: 'words', readings: [{ ids: [...ids], exact: [id] }] };
    }
    return this.#guess(word, similar);
  }

  /** As {@link resolve}, without typos: spelled right or with letters repeated. */
  resolvePlainly(word: string, meter: Meter): Resolved {
    meter.tick(word.length);
    if (this.has(word) || this.#ordinary.has(word)) return this.resolve(word, meter);
    return this.#guess(word, this.#squeezed.get(squeeze(word)) ?? []);
  }

  /**
   * Words that a run of letters is made of ("killmyself"), the fewest that cover the most of it.
   * Stretches that are no words are left out. Linear: no word is longer than 16 letters.
   */
  segment(letters: string, meter: Meter): { word: string; start: number; end: number }[] {
    const costs = [0];
    const lengths = [0];
    for (let end = 1; end <= letters.length; end += 1) {
      let best = (costs[end - 1] ?? 0) + 3;
      let bestLength = 0;
      for (let length = 1; length <= Math.min(LONGEST_WORD, end); length += 1) {
        meter.tick();
        const cost = (costs[end - length] ?? 0) + 1;
        if (cost >= best || !this.#isSegment(letters.slice(end - length, end))) continue;
        best = cost;
        bestLength = length;
      }
      costs.push(best);
      lengths.push(bestLength);
    }
    return wordsBackwards(letters, lengths);
  }

  /** Words that fit letters with holes in them ("k*ll"), `*` standing for one letter. */
  fill(pattern: string, meter: Meter): string | undefined {
    if (pattern.length > LONGEST_WORD || pattern.replaceAll('*', '').length < 2) return undefined;
    for (const word of this.#byLength.get(pattern.length) ?? []) {
      meter.tick();
      if ([...pattern].every((char, at) => char === '*' || char === word[at])) return word;
    }
    return undefined;
  }

  #isSegment(part: string): boolean {
    return (part.length > 1 || part === 'i') && this.has(part);
  }

  #guess(word: string, similar: readonly string[]): Resolved {
    const [first] = similar;
    if (first === undefined) return { kind: 'unknown' };
    const expansion = this.#expansions.get(first);
    if (similar.length === 1 && expansion !== undefined) {
      return {
        kind: 'words',
        readings: expansion.map(isDrawn(word) ? this.#exactly : this.#inexactly),
      };
    }
    // "houldnt" may be should, would or could, but is not in any case.
    const several = similar.map((other) => this.#expansions.get(other) ?? []);
    if (several.every(({ length }) => length > 1 && length === several[0]?.length)) {
      const readings = several[0]!.map((_, at): Reading => {
        return { ids: several.flatMap((parts) => this.#everyId(parts[at] ?? '')), exact: [] };
      });
      return { kind: 'words', readings };
    }
    const ids = [...new Set(similar.flatMap(this.#everyId))];
    return {
      kind: 'words',
      readings: [{ ids, exact: isDrawn(word) && similar.length === 1 ? ids : [] }],
    };
  }

  #similar(word: string, meter: Meter): string[] {
    const found = new Set<string>();
    const squeezed = squeeze(word);
    if (squeezed !== word) {
      for (const other of this.#squeezed.get(squeezed) ?? []) found.add(other);
    }
    for (const swapped of withNeighboursSwapped(word)) {
      if (this.#ids.has(swapped)) found.add(swapped);
    }
    found.delete(word);
    if (!isFuzzyLength(word.length)) return [...found];
    for (const shorter of withoutOneLetter(word)) {
      meter.tick();
      for (const other of this.#shortened.get(shorter) ?? []) {
        meter.tick();
        if (other !== word && isOneEditApart(word, other)) found.add(other);
      }
    }
    return [...found];
  }

  #index(key: string): void {
    for (let to = 1; to <= key.length; to += 1) {
      const letters = key.slice(0, to);
      const known = this.#beginnings.get(letters) ?? '';
      const next = key.charAt(to);
      this.#beginnings.set(letters, known.includes(next) ? known : known + next);
    }
    push(this.#squeezed, squeeze(key), key);
    if (key.length < FUZZY_FROM_LETTERS) return;
    for (const shorter of withoutOneLetter(key)) push(this.#shortened, shorter, key);
  }

  /** Of a word as {@link foldWord} gives it. */
  readonly #everyId = (word: string): number[] =>
    (this.#expansions.get(word) ?? [word]).map((part) => this.#ids.get(part) ?? -1);

  readonly #exactly = (word: string): Reading => {
    const ids = this.#everyId(word);
    return { ids, exact: ids };
  };

  readonly #inexactly = (word: string): Reading => ({ ids: this.#everyId(word), exact: [] });
}

function push<Key>(map: Map<Key, string[]>, key: Key, value: string): void {
  const list = map.get(key) ?? [];
  if (!list.includes(value)) list.push(value);
  map.set(key, list);
}

function wordsBackwards(
  letters: string,
  lengths: readonly number[],
): { word: string; start: number; end: number }[] {
  const words: { word: string; start: number; end: number }[] = [];
  let end = letters.length;
  while (end > 0) {
    const length = lengths[end] ?? 0;
    if (length > 0)
      words.push({ word: letters.slice(end - length, end), start: end - length, end });
    end -= Math.max(1, length);
  }
  return words.toReversed();
}
