/** How fast a human is needed; `critical` means at once. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * What a statement is about. The first three follow the Columbia-Suicide Severity Rating Scale
 * (C-SSRS, Posner et al. 2011): wish to be dead and active thoughts (levels 1 and 2), method, intent
 * and plan with preparatory acts and attempts (levels 3 to 5 and the behaviour items), and its
 * non-suicidal self-injury. Harm to others and being in danger follow the threat, domestic-violence
 * and child-protection questions of common crisis-line triage; the last one is the medical
 * emergency that every such guideline puts first.
 */
export const CATEGORIES = [
  'suicidal_ideation',
  'plan_or_means',
  'self_harm',
  'harm_to_others',
  'immediate_danger',
  'overdose_medical',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Whose pain it is: the writer's, somebody else's, or a wish aimed at the reader. */
export type Subject = 'first' | 'second' | 'third';

/** Why a statement was graded up or down. */
export type Adjustment =
  | 'intent'
  | 'means_at_hand'
  | 'recent'
  | 'third_person'
  | 'second_person'
  | 'past'
  | 'long_ago'
  | 'negated'
  | 'deferred'
  | 'idiom'
  | 'reported'
  | 'fiction';

/** A stretch of an original text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  /** 0 is the text itself, -1 the message before it, and so on. */
  readonly message: number;
  readonly start: number;
  readonly end: number;
  /** The sender's own words: health data, sealed at rest and never logged. */
  readonly text: string;
}

export interface Evidence {
  readonly category: Category;
  /** After all adjustments; for what was discounted, what it would have been. */
  readonly severity: Severity;
  /** The phrase of the language pack that matched. It quotes nobody. */
  readonly phrase: string;
  readonly language: string;
  readonly isExplicit: boolean;
  readonly subject: Subject;
  readonly adjustments: readonly Adjustment[];
  readonly spans: readonly Span[];
}

export interface Detection {
  readonly failed: false;
  readonly severity: Severity | 'none';
  /** Of the gravest evidence; null when there is none. */
  readonly category: Category | null;
  /** The gravest first. */
  readonly evidence: readonly Evidence[];
  /** What matched and was found to be an idiom, a denial or a story. */
  readonly discounted: readonly Evidence[];
  /** Part of a text beyond the limit went unread; severity is then at least `low`. */
  readonly isTruncated: boolean;
  /** Elementary steps taken; linear in the length of the texts. */
  readonly steps: number;
}

/** The detector itself failed: the caller routes the text to a human as if it were `severity`. */
export interface FailedDetection {
  readonly failed: true;
  readonly severity: 'high';
  readonly category: null;
  readonly evidence: readonly [];
  readonly reason: 'work_limit' | 'time_limit' | 'error';
}

export type SafeDetection = Detection | FailedDetection;

export interface TriageContext {
  /** The same sender's messages before this one, oldest first; the last five are looked at. */
  readonly previous?: readonly string[];
  /** Asked now and then while reading; once it says yes, the detector fails instead of going on. */
  readonly isOverdue?: () => boolean;
}
