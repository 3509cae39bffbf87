import { safeDetect } from '../triage/detect.ts';
import { screeningOf } from '../triage/screen.ts';

/** Why a model's reply must not be sent. Codes only: they may be logged and counted. */
export const REPLY_FAULTS = ['empty', 'too_long', 'crisis_language'] as const;
export type ReplyFault = (typeof REPLY_FAULTS)[number];

export type ReplyCheck =
  { readonly isFit: true } | { readonly isFit: false; readonly faults: readonly ReplyFault[] };

export interface ReplyContext {
  /** Phone numbers, text lines and websites that the clinic itself gives out. */
  readonly contacts?: readonly string[];
}

/** In UTF-16 units. */
export const LONGEST_REPLY = 2_000;

/** Whether what a model answered may be sent to somebody. Never throws. */
export function checkModelReply(text: string, _context: ReplyContext = {}): ReplyCheck {
  const faults: ReplyFault[] = [];
  if (text.trim() === '') faults.push('empty');
  if (text.length > LONGEST_REPLY) faults.push('too_long');
  if (screeningOf(safeDetect(text.slice(0, LONGEST_REPLY))).severity !== null)
    faults.push('crisis_language');
  return faults.length === 0 ? { isFit: true } : { isFit: false, faults };
}
