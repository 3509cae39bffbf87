import { recentResponseSeconds } from '../../db/crisis-statistics.ts';
import { readEscalationPolicies } from '../../db/escalation-policies.ts';
import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import type { ApiDeps } from '../context.ts';

/**
 * In how many seconds somebody will probably answer: as it was lately; where there is no record of
 * it, as long as the policy waits for the first answer. Never throws.
 */
export async function estimatedResponseSeconds(
  { crisisKnex }: Pick<ApiDeps, 'crisisKnex'>,
  clinicId: string | null,
  severity: AlertSeverity,
): Promise<number> {
  const byDefault = Math.ceil(DEFAULT_POLICIES[severity].steps[0]!.waitMs / 1_000);
  if (clinicId === null) return byDefault;
  try {
    const lately = await recentResponseSeconds(crisisKnex, clinicId, severity);
    if (lately !== null) return lately;
    const { effective } = await readEscalationPolicies(crisisKnex, clinicId);
    return Math.ceil((effective[severity].steps[0]?.waitMs ?? byDefault * 1_000) / 1_000);
  } catch {
    return byDefault;
  }
}
