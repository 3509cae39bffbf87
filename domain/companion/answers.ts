import type { Expectation, StepAnswer } from './dialogue.ts';
import type { CompanionTexts } from './language.ts';
import { type WordsReading, anyOf, bareOf } from './reading.ts';
import type { Place, Topic } from './types.ts';

/** Of an answer that is kept, in UTF-16 units: enough to recognise one's own words. */
export const KEPT_AT_MOST = 240;
const MOST_ITEMS = 8;
const NO_CUES: readonly string[] = [];
const ITEM_AT_MOST = 60;

const NOTHING: StepAnswer = {
  text: '',
  items: [],
  rating: null,
  isYes: null,
  option: null,
  isSkipped: false,
};
export const SKIPPED: StepAnswer = { ...NOTHING, isSkipped: true };

/** What the words answer to a step; null when they don't answer it. */
export function readAnswer(
  expects: Expectation,
  reading: WordsReading,
  { topic, given }: Place,
  texts: CompanionTexts,
): StepAnswer | null {
  const text = shorten(reading.text, KEPT_AT_MOST);
  switch (expects.kind) {
    case 'ready':
      return { ...NOTHING, text };
    case 'words':
      return reading.bare === '' ? null : { ...NOTHING, text };
    case 'list': {
      const items = itemsOf(reading.text, texts, expects.isLoose === true);
      return items.length === 0 ? null : { ...NOTHING, text: listed(items), items };
    }
    case 'rating': {
      const rating = ratingIn(reading.bare, texts);
      return rating === null ? null : { ...NOTHING, text: String(rating), rating };
    }
    case 'yes-no': {
      const isYes = yesOrNo(reading);
      return isYes === null ? null : { ...NOTHING, text, isYes };
    }
    case 'choice': {
      const option = optionIn(reading.bare, expects.options, topic, texts);
      if (option === null) return null;
      return { ...NOTHING, text: texts.dialogues[topic].choices?.[option] ?? option, option };
    }
    case 'pick': {
      const picked = pickIn(
        reading,
        expects.from.flatMap((step) => itemsOf(given[step] ?? '', texts)),
        texts,
      );
      return picked === null ? null : { ...NOTHING, text: picked };
    }
  }
}

/** On one line, cut between words where that is possible, without half a character. */
export function shorten(text: string, atMost: number): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  if (line.length <= atMost) return line.toWellFormed();
  const cut = line.slice(0, atMost - 1).replace(/[\uD800-\uDBFF]$/u, '');
  return `${cut.trimEnd()}…`.toWellFormed();
}

/** As {@link itemsOf} takes it apart again. */
function listed(items: readonly string[]): string {
  return shorten(items.join('; '), KEPT_AT_MOST);
}

function itemsOf(text: string, { cues }: CompanionTexts, isLoose = false): string[] {
  const separators = isLoose ? [...cues.separators, ...cues.looseSeparators] : cues.separators;
  return text
    .split(new RegExp(separators.join('|'), 'iu'))
    .map((item) => shorten(item, ITEM_AT_MOST))
    .filter((item) => bareOf(item) !== '')
    .slice(0, MOST_ITEMS);
}

function ratingIn(bare: string, { cues }: CompanionTexts): number | null {
  let found: { at: number; rating: number } | null = null;
  for (const [rating, words] of cues.numbers.entries()) {
    const at = bare.search(anyOf(words, 'within'));
    if (at >= 0 && (found === null || at < found.at)) found = { at, rating };
  }
  return found?.rating ?? null;
}

function yesOrNo({ remarks }: WordsReading): boolean | null {
  const [isYes, isNo] = [remarks.has('yes'), remarks.has('no')];
  return isYes === isNo ? null : isYes;
}

function optionIn(
  bare: string,
  options: readonly string[],
  topic: Topic,
  texts: CompanionTexts,
): string | null {
  const { choices } = texts.dialogues[topic];
  const called = options.find((option) => bareOf(choices?.[option] ?? '') === bare);
  if (called !== undefined) return called;
  const numbered = options[numberIn(bare, texts) - 1];
  if (numbered !== undefined) return numbered;
  const found = options
    .map((option) => ({
      option,
      at: bare.search(anyOf(texts.cues.options[option] ?? NO_CUES, 'within')),
    }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at);
  return found[0]?.option ?? null;
}

/** A bare number, "the second" aside: 0 for none. */
function numberIn(bare: string, { cues }: CompanionTexts): number {
  return cues.numbers.findIndex((words) => anyOf(words, 'whole').test(bare));
}

/** By number, by its words, or a new one of their own. */
function pickIn(
  reading: WordsReading,
  items: readonly string[],
  texts: CompanionTexts,
): string | null {
  if (reading.bare === '') return null;
  const numbered = items[numberIn(reading.bare, texts) - 1];
  if (numbered !== undefined) return numbered;
  const words = new Set(reading.bare.split(' '));
  const close = items
    .map((item) => ({
      item,
      shared: bareOf(item)
        .split(' ')
        .filter((word) => words.has(word)).length,
    }))
    .filter(({ shared }) => shared > 0)
    .toSorted((a, b) => b.shared - a.shared);
  return close[0]?.item ?? shorten(reading.text, KEPT_AT_MOST);
}
