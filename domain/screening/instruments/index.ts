import type { QuestionnaireTemplate } from '../template.ts';
import { GAD_7 } from './gad-7.ts';
import { GHQ_12, GHQ_28 } from './ghq.ts';
import { PHQ_9 } from './phq-9.ts';

/**
 * The instruments that every clinic has, in their newest version. Migrations write down what is
 * shipped and nothing changes it any more: after a change another migration has to write the next
 * version, as `0083-instruments-with-sources` does.
 */
export const SHIPPED: readonly QuestionnaireTemplate[] = [PHQ_9, GAD_7, GHQ_12, GHQ_28];

export function shippedOf(type: string): QuestionnaireTemplate | null {
  return SHIPPED.find((template) => template.type === type) ?? null;
}

/** `GHQ` means the one with twelve questions; other types are read in any case of letters. */
export function typeNamed(word: string): string {
  const upper = word.trim().toUpperCase();
  return upper === 'GHQ' ? 'GHQ-12' : upper;
}
