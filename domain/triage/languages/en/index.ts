import type { LanguagePack } from '../../language-pack.ts';
import { CUES } from './cues.ts';
import { DANGER, MEDICAL } from './danger.ts';
import { HARM } from './harm.ts';
import { IDIOMS } from './idioms.ts';
import { MEANS } from './means.ts';
import { PLAN } from './plan.ts';
import { SUICIDE } from './suicide.ts';
import { WISH } from './wish.ts';
import { CLASSES, EXPANSIONS, FILLERS, FORMS, ORDINARY } from './words.ts';

export const ENGLISH: LanguagePack = {
  code: 'en',
  forms: FORMS,
  classes: CLASSES,
  expansions: EXPANSIONS,
  fillers: FILLERS,
  ordinary: ORDINARY,
  phrases: [...SUICIDE, ...WISH, ...PLAN, ...MEANS, ...HARM, ...DANGER, ...MEDICAL],
  idioms: { phrases: IDIOMS },
  cues: CUES,
};
