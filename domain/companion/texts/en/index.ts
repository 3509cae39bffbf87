import type { CompanionTexts } from '../../language.ts';
import { CRISIS } from './crisis.ts';
import { CUES } from './cues.ts';
import { GENERAL } from './general.ts';
import { GROUNDING_TEXTS } from './grounding.ts';
import { RESOURCES } from './resources.ts';

export const ENGLISH: CompanionTexts = {
  language: 'en',
  cues: CUES,
  general: GENERAL,
  dialogues: { grounding: GROUNDING_TEXTS },
  resources: RESOURCES,
  crisis: CRISIS,
};
