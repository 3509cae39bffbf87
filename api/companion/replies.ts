import type { CompanionReply } from '../../domain/companion/types.ts';
import type { GivenReply } from './sealed-texts.ts';

/** The guided companion's own name, where a model's would stand. */
export const GUIDED = 'holdfast-guided';

export function replyOf(
  reply: CompanionReply,
  around: Partial<Pick<GivenReply, 'severity' | 'alertId' | 'model' | 'handedOverTo'>> = {},
): GivenReply {
  return { ...reply, model: GUIDED, severity: null, alertId: null, handedOverTo: null, ...around };
}
