import type { Topic } from './types.ts';

/** What a step waits for. A loose list is parted by "and", too. */
export type Expectation =
  | { readonly kind: 'words' }
  | { readonly kind: 'list'; readonly count: number; readonly isLoose?: true }
  | { readonly kind: 'rating' }
  | { readonly kind: 'yes-no' }
  | { readonly kind: 'choice'; readonly options: readonly string[] }
  /** One of the things that were listed in earlier steps. */
  | { readonly kind: 'pick'; readonly from: readonly string[] }
  /** Anything goes on. */
  | { readonly kind: 'ready' };

/** What was made of somebody's words at a step. */
export interface StepAnswer {
  readonly text: string;
  readonly items: readonly string[];
  /** 0 to 10 */
  readonly rating: number | null;
  readonly isYes: boolean | null;
  readonly option: string | null;
  /** They would not or could not answer. */
  readonly isSkipped: boolean;
}

export type Given = Readonly<Record<string, string>>;

export interface Move<StepId extends string, Say extends string> {
  /** The step to ask next; null ends the dialogue. */
  readonly to: StepId | null;
  /** What is said to the answer, before the next question. */
  readonly say?: Say;
  /** What may help after this one. */
  readonly offer?: Topic;
}

export interface Step<StepId extends string, Say extends string> {
  readonly expects: Expectation;
  readonly next: (answer: StepAnswer, given: Given) => Move<StepId, Say>;
}

/** One structured dialogue: its steps and branches. The words are in the language's texts. */
export interface Dialogue<StepId extends string = string, Say extends string = string> {
  readonly first: StepId;
  readonly steps: Readonly<Record<StepId, Step<StepId, Say>>>;
  /** The steps whose answers make an intention: what (the first that has been answered), and when. */
  readonly intention?: { readonly what: readonly StepId[]; readonly when: StepId };
  /** Where to begin when somebody comes back with an intention. */
  readonly review?: StepId;
}

export interface StepTexts {
  /** `{step}` stands for what was answered at that step. */
  readonly ask: string;
  /** Asked when the answer could not be read. */
  readonly again?: string;
  readonly suggestions?: readonly string[];
  readonly followUps?: readonly string[];
}

export interface DialogueTexts<StepId extends string = string, Say extends string = string> {
  /** As in "Let's try *a grounding exercise*". */
  readonly name: string;
  /** What somebody says who wants it. */
  readonly wish: string;
  readonly steps: Readonly<Record<StepId, StepTexts>>;
  readonly says: Readonly<Record<Say, string>>;
  /** What the options of its choices are called. */
  readonly choices?: Readonly<Record<string, string>>;
}

/** How many points a rating must fall for it to be called easier. */
const EASIER_BY = 1;

/** Compares two ratings of the same feeling, before and after. */
export function change(
  before: string | undefined,
  after: number | null,
): 'easier' | 'same' | 'harder' | 'unknown' {
  const was = before === undefined || before === '' ? Number.NaN : Number(before);
  if (after === null || Number.isNaN(was)) return 'unknown';
  if (was - after >= EASIER_BY) return 'easier';
  return after > was ? 'harder' : 'same';
}

/** How it went with what somebody had planned: on to one step, or to another where they left it. */
export function howItWent<StepId extends string>(
  tried: StepId,
  left: StepId,
): Step<StepId, 'well-done' | 'partly' | 'not-done'> {
  return {
    expects: { kind: 'choice', options: ['done', 'partly', 'not-done'] },
    next: ({ option }) => {
      if (option === 'done') return { to: tried, say: 'well-done' };
      return option === 'partly' ? { to: tried, say: 'partly' } : { to: left, say: 'not-done' };
    },
  };
}

/** The end of an exercise: the feeling rated at `before`, rated again. Unless it is easier, another is offered. */
export function howItFeels(offer: Topic): Step<never, 'easier' | 'same' | 'harder' | 'done'> {
  return {
    expects: { kind: 'rating' },
    next: ({ rating }, { before }) => {
      const found = change(before, rating);
      if (found === 'unknown') return { to: null, say: 'done' };
      return found === 'easier' ? { to: null, say: found } : { to: null, say: found, offer };
    },
  };
}
