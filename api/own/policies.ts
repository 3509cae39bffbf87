import { insertPolicy, listPolicies as listInDatabase, replacePolicy } from '../../db/policies.ts';
import type { Policy } from '../../db/policies.ts';
import type { Door } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce, mayManagePolicies } from '../access/clinic-access.ts';
import { auditContext } from '../access/audit-context.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';
import { planFaults } from './plan-rules.ts';
import { etag, expectedVersion, requireSameId } from './versions.ts';

export interface PolicyBody {
  readonly id?: string;
  readonly version?: number;
  readonly name: string;
  readonly door?: Door | null;
  readonly sessionType?: string | null;
  readonly isActive?: boolean;
  readonly plan: Plan;
}

function enforcePolicies(call: Call, action: string, objectId: string | null): Promise<void> {
  const verdict = mayManagePolicies(call.principal);
  return enforce(call, verdict, { action, objectType: 'policy', objectId });
}

/** GET /api/v1/policies */
export async function listPolicies(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  await enforcePolicies(call, 'policy.list', null);
  const after = readCursor(query.cursor, isUuid);
  const page = { after, limit: query.limit + 1 };
  const policies = await listInDatabase(deps.knex, principal.clinicId, page);
  return { status: 200, body: pageOf(policies, query.limit, present) };
}

/** POST /api/v1/policies */
export async function createPolicy(call: Call<PolicyBody>): Promise<Answer> {
  const { body, deps, newId, principal } = call;
  await enforcePolicies(call, 'policy.create', newId);
  const content = checkedContent(body);
  const policy = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      audit({ action: 'policy.create', objectType: 'policy', objectId: newId });
      const { clinicId, personId } = principal;
      return insertPolicy(trx, { ...content, id: newId, clinicId, createdBy: personId });
    },
  );
  return { status: 201, body: present(policy), headers: etag(policy.version) };
}

/** PUT /api/v1/policies/{id} */
export async function putPolicy(call: Call<PolicyBody>): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  await enforcePolicies(call, 'policy.change', id);
  requireSameId(call, 'id', call.body.id);
  const change = { ...checkedContent(call.body), expectedVersion: expectedVersion(call) };
  const { after } = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      const replaced = await replacePolicy(trx, principal.clinicId, id, change);
      audit({
        action: 'policy.change',
        objectType: 'policy',
        objectId: id,
        changes: { version: { from: replaced.before.version, to: replaced.after.version } },
      });
      return replaced;
    },
  );
  return { status: 200, body: present(after), headers: etag(after.version) };
}

/** Throws `malformed_request` that names every field at fault. */
function checkedContent(
  body: PolicyBody,
): Pick<Policy, 'name' | 'door' | 'sessionType' | 'plan' | 'isActive'> {
  const name = body.name.trim();
  const fields = [
    ...(name === '' ? [{ field: 'name', message: 'must not be blank' }] : []),
    ...planFaults(body.plan),
  ];
  const [first] = fields;
  if (first !== undefined) {
    throw new HoldfastError('malformed_request', `${first.field} ${first.message}`, { fields });
  }
  return {
    name,
    door: body.door ?? null,
    sessionType: body.sessionType ?? null,
    plan: body.plan,
    isActive: body.isActive ?? true,
  };
}

function present(policy: Policy): Record<string, unknown> {
  return {
    id: policy.id,
    name: policy.name,
    door: policy.door,
    sessionType: policy.sessionType,
    isActive: policy.isActive,
    plan: policy.plan,
    version: policy.version,
    createdAt: policy.createdAt.toISOString(),
    updatedAt: policy.updatedAt.toISOString(),
  };
}
