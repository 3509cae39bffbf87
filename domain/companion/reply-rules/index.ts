import { AMOUNT_RULES } from './amounts.ts';
import { DIAGNOSIS } from './diagnosis.ts';
import { HARM_RULES } from './harm.ts';
import { HELP_RULES } from './help.ts';
import { SECRECY_RULES } from './secrecy.ts';
import { IDENTITY_RULES } from './identity.ts';
import { MEDICATION_RULES } from './medication.ts';
import type { ReplyRule } from './types.ts';

/** What a model must not say, in English: it is told to answer in it, and what isn't is unreadable. */
export const REPLY_RULES: readonly ReplyRule[] = [
  ...DIAGNOSIS,
  ...MEDICATION_RULES,
  ...AMOUNT_RULES,
  ...HELP_RULES,
  ...SECRECY_RULES,
  ...HARM_RULES,
  ...IDENTITY_RULES,
];
