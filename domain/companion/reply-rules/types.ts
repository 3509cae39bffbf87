/** Why a model's reply must not be sent. Codes only: they may be logged and counted. */
export const REPLY_FAULTS = [
  'empty',
  'too_long',
  'unreadable',
  'markup',
  'crisis_language',
  'diagnosis',
  'dosage',
  'against_medication',
  'against_help',
  'harmful',
  'claims_human',
  'claims_action',
  'foreign_contact',
] as const;
export type ReplyFault = (typeof REPLY_FAULTS)[number];

/**
 * Something that must not be said. Sources of regular expressions over one sentence, folded:
 * lower case, Latin letters and digits, one blank between words, contractions in one form
 * (`dont`, `cant`, but `you are`, `i am`).
 */
export interface ReplyRule {
  readonly fault: ReplyFault;
  readonly says: string;
  /** Right before it, this makes it harmless: a condition, a denial. */
  readonly unlessAfter?: string;
  /** Anywhere in the sentence, this makes it harmless. */
  readonly unless?: string;
}
