import type { Category, Severity } from './types.ts';

/**
 * Phrases that mean the same. A phrase is words in lower case without punctuation:
 * `kill` every form that `forms` knows, `=kill` this form alone, `a|b` either, `@name` a class,
 * `word?` perhaps, `..` up to three other words, `...` up to six, `#` a number of at least 5.
 * Idioms, denials and habits end at a comma or a new line, but where a `,` stands on its own.
 * Filler words (articles, "to", "really") may stand between any two and are never written.
 */
export interface PhraseGroup {
  readonly category: Category;
  readonly severity: Severity;
  /** Said outright: neither a joke nor doubt about grammar makes it vanish. */
  readonly isExplicit: boolean;
  /** `act`: intent makes it critical. `attempt`: tells of a deed, so recency decides. */
  readonly kind?: 'act' | 'attempt' | 'means' | 'state';
  /** The subject, where grammar need not be asked. */
  readonly subject?: 'first' | 'second' | 'third';
  /** Counts only where the writer says "I" of it: silence about the subject is not enough. */
  readonly isPersonal?: boolean;
  readonly phrases: readonly string[];
}

/** What looks like a crisis and is none. It takes out the matches that it overlaps. */
export interface Idioms {
  readonly phrases: readonly string[];
}

/** Words and phrases that grade a match. Lists are words parted by spaces. */
export interface Cues {
  readonly firstPerson: string;
  readonly secondPerson: string;
  readonly thirdPerson: string;
  /** Verbs that only a third person has ("wants"). */
  readonly thirdPersonVerbs: string;
  /** Before a third person whom the writer knows ("my"). */
  readonly owning: string;
  /** The writer alone: what "we" read in a book is nobody's cry. */
  readonly writer: string;
  /** Words that say whose life or body it is ("myself", "yourself", "herself"). */
  readonly firstSelf: string;
  readonly secondSelf: string;
  readonly thirdSelf: string;
  /** Phrases that deny what follows ("not", "no plan", "without"). */
  readonly denials: readonly string[];
  /** What may stand between a denial and the words that it denies. Anything else: no denial. */
  readonly carriers: string;
  /** Makes a denial partial ("not tonight", "not any more"): graded low, not dropped. */
  readonly partialDenial: string;
  /** After a denied act: it is only put off ("until", "maybe tomorrow"). */
  readonly deferrals: readonly string[];
  /** Sequences with a denial that deny nothing ("not only", "not sure"). */
  readonly hollowDenials: readonly string[];
  readonly clauseBreaks: string;
  readonly intent: readonly string[];
  readonly soon: readonly string[];
  readonly pastForms: string;
  /** Before a past form: the present perfect ("have wanted"), which is not over. */
  readonly perfect: string;
  readonly pastHabits: readonly string[];
  readonly longAgo: readonly string[];
  readonly recent: readonly string[];
  /** The past goes on ("still", "again"). */
  readonly continuing: string;
  readonly fiction: string;
  /** What stands right before a title in quotation marks ("song"). */
  readonly titled: string;
  /** The writer makes a quotation their own ("how I feel"). */
  readonly identifying: readonly string[];
  readonly speech: string;
}

/**
 * One language. To add one: a folder with this object as data, its labelled cases in
 * test/domain/triage, and a line in languages/index.ts. No code of the detector knows a word.
 */
export interface LanguagePack {
  /** BCP 47. */
  readonly code: string;
  /** Rows of inflected forms; the first word of a row stands for all of it. */
  readonly forms: readonly string[];
  readonly classes: Readonly<Record<string, string>>;
  /** Contractions and slang, spelled out. */
  readonly expansions: Readonly<Record<string, string>>;
  readonly fillers: string;
  /** Everyday words that are never taken for a misspelling of another. */
  readonly ordinary: string;
  readonly phrases: readonly PhraseGroup[];
  readonly idioms: Idioms;
  readonly cues: Cues;
}
