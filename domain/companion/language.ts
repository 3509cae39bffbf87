import type { DialogueTexts } from './dialogue.ts';
import type { CompanionResource, Mood, Topic } from './types.ts';

/** What kind of remark somebody makes about the conversation itself. */
export const REMARKS = [
  'human',
  'who',
  'bye',
  'thanks',
  'stop',
  'skip',
  'again',
  'restart',
  'resume',
  'other',
  'yes',
  'no',
] as const;
export type Remark = (typeof REMARKS)[number];

/**
 * Cues are sources of regular expressions over folded text: lower case, no accents, no apostrophes,
 * one blank between words. They match at word boundaries.
 */
export interface Cues {
  readonly remarks: Readonly<Record<Remark, readonly string[]>>;
  /** What turns a wish into its opposite when it comes right before. */
  readonly negations: readonly string[];
  /** What turns a feeling into its opposite when it comes right before. */
  readonly denials: readonly string[];
  readonly moods: Readonly<Record<Exclude<Mood, 'neutral'>, readonly string[]>>;
  readonly topics: Readonly<Record<Topic, readonly string[]>>;
  /** "can we", "let's": what makes the mention of a topic a wish for it. */
  readonly wishes: readonly string[];
  /** By their value, 0 to 10. */
  readonly numbers: readonly (readonly string[])[];
  /** By the name of an option in a dialogue's choices. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** Stands between the items of a list. */
  readonly separators: readonly string[];
  /** Stands between them where a list of things is sure to be one. */
  readonly looseSeparators: readonly string[];
}

/** What the companion says outside of any dialogue. Of several variants, turns take theirs in order. */
export interface GeneralTexts {
  readonly introduction: string;
  readonly asksFirst: string;
  readonly whoIAm: string;
  readonly human: string;
  readonly thanks: readonly string[];
  readonly bye: string;
  readonly byePaused: string;
  readonly welcomeBack: string;
  readonly welcomeBackPaused: string;
  readonly welcomeBackIntention: string;
  readonly stopped: string;
  readonly menu: readonly string[];
  readonly afterDialogue: string;
  readonly nothingPaused: string;
  readonly resumed: string;
  readonly begin: string;
  readonly listening: readonly string[];
  readonly empathy: Readonly<Record<Mood, readonly string[]>>;
  readonly offer: string;
  readonly followUps: Readonly<Record<Mood, readonly string[]>>;
  readonly suggestHuman: string;
  readonly suggestResume: string;
  readonly suggestStop: string;
  readonly suggestOther: string;
  readonly suggestYes: string;
  /** Where an answer that a text quotes is missing. */
  readonly blank: string;
}

/** All words of one language, or of a clinic that says things its own way. */
export interface CompanionTexts {
  readonly language: string;
  readonly cues: Cues;
  readonly general: GeneralTexts;
  readonly dialogues: Readonly<Record<Topic, DialogueTexts>>;
  readonly resources: readonly CompanionResource[];
  readonly crisis: CrisisTexts;
}

export interface CrisisTexts {
  /** `{lines}` are the clinic's lines of help, one each. */
  readonly first: string;
  /** To whatever is said while the alert is open. */
  readonly repeated: string;
  readonly call: string;
  readonly emergency: string;
  readonly suggestions: readonly string[];
}
