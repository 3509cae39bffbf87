import { changeEscalationPolicies, readEscalationPolicies } from '../../db/escalation-policies.ts';
import type { ClinicPolicies, PolicyEdits } from '../../db/escalation-policies.ts';
import { MOST_ROSTERS, listRosters } from '../../db/rosters.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { ALERT_SEVERITIES } from '../../domain/escalation-policy.ts';
import type { PageTarget } from '../../domain/escalation-policy.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayKeepCrisisPlans } from '../access/on-call-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { requirePageable } from './rosters.ts';
import { etag, expectedVersion } from './versions.ts';

interface PoliciesBody {
  readonly version?: number;
  readonly policies: PolicyEdits;
}

/** GET /api/v1/escalation-policies */
export async function getEscalationPolicies(call: Call): Promise<Answer> {
  await openTo(call, 'escalation_policy.read');
  return present(await readEscalationPolicies(call.deps.knex, call.principal.clinicId));
}

/** PUT /api/v1/escalation-policies */
export async function putEscalationPolicies(call: Call<PoliciesBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const { clinicId, personId: changedBy } = principal;
  const target = await openTo(call, 'escalation_policy.change');
  const edits = body.policies;
  const targets = Object.values(edits).flatMap((policy) =>
    (policy?.steps ?? []).flatMap((step) => step.targets),
  );
  await requireTargets(call, targets);
  const change = { clinicId, edits, expectedVersion: expectedVersion(call), changedBy };
  const context = auditContext(principal, call.requestId);
  const after = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, changes: severitiesOf(edits) });
    return changeEscalationPolicies(trx, change);
  });
  return present(after);
}

async function openTo(
  call: Call,
  action: string,
): Promise<{ action: string; objectType: string; objectId: string }> {
  const objectId = call.principal.clinicId;
  const target = { action, objectType: 'escalation_policy', objectId };
  await enforce(call, mayKeepCrisisPlans(call.principal), target);
  return target;
}

/** A policy that pages nobody of the clinic is refused when it is written, not found out at night. */
async function requireTargets(call: Call, targets: readonly PageTarget[]): Promise<void> {
  const people = targets.flatMap((target) => (target.kind === 'person' ? [target.personId] : []));
  await requirePageable(call, 'policies', people);
  const named = targets.flatMap((target) => (target.kind === 'roster' ? [target.rosterId] : []));
  if (named.length === 0) return;
  const page = { after: null, limit: MOST_ROSTERS };
  const rosters = await listRosters(call.deps.knex, call.principal.clinicId, page);
  const rosterIds = named.filter((id) => !rosters.some((roster) => roster.id === id));
  if (rosterIds.length === 0) return;
  const message = 'must name rosters of the clinic';
  throw new HoldfastError('refused_by_rule', `policies ${message}`, {
    fields: [{ field: 'policies', message }],
    rosterIds,
  });
}

function severitiesOf(edits: PolicyEdits): Record<string, 'default' | 'own'> {
  const entries = Object.entries(edits);
  return Object.fromEntries(
    entries.map(([severity, policy]) => [severity, policy ? 'own' : 'default']),
  );
}

function present({ own, effective, version }: ClinicPolicies): Answer {
  const data = ALERT_SEVERITIES.map((severity) => ({
    severity,
    isDefault: own[severity] === undefined,
    ...effective[severity],
  }));
  return { status: 200, body: { data, nextCursor: null, version }, headers: etag(version) };
}
