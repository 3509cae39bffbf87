import type { Dialogue } from '../dialogue.ts';
import type { Topic } from '../types.ts';
import { GROUNDING } from './grounding.ts';

export const DIALOGUES: Readonly<Record<Topic, Dialogue>> = { grounding: GROUNDING };
