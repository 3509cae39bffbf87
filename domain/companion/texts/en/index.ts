import type { CompanionTexts } from '../../language.ts';
import { ACTIVATION_TEXTS } from './activation.ts';
import { BREATHING_TEXTS } from './breathing.ts';
import { CRISIS } from './crisis.ts';
import { CUES } from './cues.ts';
import { GENERAL } from './general.ts';
import { GROUNDING_TEXTS } from './grounding.ts';
import { PROBLEM_SOLVING_TEXTS } from './problem-solving.ts';
import { RESOURCES } from './resources.ts';
import { SLEEP_TEXTS } from './sleep.ts';
import { THOUGHTS_TEXTS } from './thoughts.ts';

export const ENGLISH: CompanionTexts = {
  language: 'en',
  cues: CUES,
  general: GENERAL,
  dialogues: {
    grounding: GROUNDING_TEXTS,
    breathing: BREATHING_TEXTS,
    activation: ACTIVATION_TEXTS,
    thoughts: THOUGHTS_TEXTS,
    sleep: SLEEP_TEXTS,
    'problem-solving': PROBLEM_SOLVING_TEXTS,
  },
  resources: RESOURCES,
  crisis: CRISIS,
};
