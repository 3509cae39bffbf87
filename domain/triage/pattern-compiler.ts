import type { LanguagePack } from './language-pack.ts';
import type { Element, Manner, Pattern } from './patterns.ts';
import type { Vocabulary } from './vocabulary.ts';

const GAPS: Readonly<Record<string, number>> = { '..': 3, '...': 6 };
const PAUSE = ',';

/** Turns the phrases of a pack into patterns over the ids of one vocabulary. */
export class PatternCompiler {
  readonly #forms = new Map<string, readonly string[]>();
  readonly #classes: ReadonlyMap<string, readonly string[]>;
  readonly #vocabulary: Vocabulary;

  constructor(pack: LanguagePack, vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    for (const row of pack.forms) {
      const forms = row.split(' ');
      this.#forms.set(forms[0] ?? '', forms);
    }
    this.#classes = new Map(
      Object.entries(pack.classes).map(([name, words]) => [name, words.split(/\s+/u)]),
    );
  }

  compile<Tag>(source: string, tag: Tag, manner: Manner): Pattern<Tag> {
    const elements: Element[] = [];
    let gap = 0;
    let mayPause = false;
    for (const part of source.split(' ')) {
      const wait = GAPS[part];
      if (part === PAUSE) mayPause = true;
      else if (wait === undefined) {
        const isOptional = part.endsWith('?');
        const ids = this.ids(isOptional ? part.slice(0, -1) : part);
        elements.push({ ids, isOptional, gap, mayPause });
        gap = 0;
        mayPause &&= isOptional;
      } else gap = wait;
    }
    if (elements.length === 0 || elements[0]?.isOptional === true) {
      throw new RangeError(`A phrase begins with a word that must be there: ${source}`);
    }
    return { source, tag, elements, ...manner };
  }

  /** The ids of `a|b`, of forms and of classes, classes within classes too. */
  ids(part: string): Set<number> {
    return new Set(part.split('|').flatMap((word) => [...this.#idsOf(word)]));
  }

  #idsOf(word: string): readonly number[] {
    if (word.startsWith('@')) {
      const members = this.#classes.get(word.slice(1));
      if (members === undefined) throw new RangeError(`No such class: ${word}`);
      return members.flatMap((member) => this.#idsOf(member));
    }
    if (word.startsWith('=')) return [this.#vocabulary.add(word.slice(1))];
    return (this.#forms.get(word) ?? [word]).map((form) => this.#vocabulary.add(form));
  }
}
