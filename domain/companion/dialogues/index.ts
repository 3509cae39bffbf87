import type { Dialogue } from '../dialogue.ts';
import type { Topic } from '../types.ts';
import { ACTIVATION } from './activation.ts';
import { BREATHING } from './breathing.ts';
import { GROUNDING } from './grounding.ts';
import { PROBLEM_SOLVING } from './problem-solving.ts';
import { SLEEP } from './sleep.ts';
import { THOUGHTS } from './thoughts.ts';

export const DIALOGUES: Readonly<Record<Topic, Dialogue>> = {
  grounding: GROUNDING,
  breathing: BREATHING,
  activation: ACTIVATION,
  thoughts: THOUGHTS,
  sleep: SLEEP,
  'problem-solving': PROBLEM_SOLVING,
};
