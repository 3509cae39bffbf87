import { auditRead } from '../../db/audit/record.ts';
import { activeTemplates } from '../../db/questionnaires.ts';
import { readScreeningPolicy, replaceScreeningPolicy } from '../../db/screening-policies.ts';
import type { ScreeningPolicy } from '../../db/screening-policies.ts';
import { flaggedResults } from '../../db/screening-results.ts';
import type { ReviewFilter, ScreeningResult } from '../../db/screening-results.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { typeNamed } from '../../domain/screening/instruments/index.ts';
import { policyFaults } from '../../domain/screening/policy-faults.ts';
import type { AlertPolicy } from '../../domain/screening/score.ts';
import type { QuestionnaireTemplate as Template } from '../../domain/screening/template.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayRunScreening } from '../access/screening-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openReviewNotes } from '../screening/answers.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';
import { etag, expectedVersion } from './versions.ts';

interface ReviewsQuery extends PageQuery {
  readonly state: ReviewFilter;
}

/** GET /api/v1/screening-reviews */
export async function listScreeningReviews(call: Call<unknown, ReviewsQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { clinicId } = principal;
  const target = { action: 'screening_review.list', objectType: 'clinic', objectId: clinicId };
  await enforce(call, mayRunScreening(principal), target);
  const { state, limit } = query;
  const after = readCursor(query.cursor, isUuid);
  const results = await flaggedResults(deps.knex, { clinicId, state, after, limit: limit + 1 });
  const { data: shown, nextCursor } = pageOf(results, limit, (result) => result);
  await auditRead(
    deps.knex,
    auditContext(principal, requestId),
    target,
    ...shown.map(({ id, personId }) => ({
      action: 'screening_result.read',
      objectType: 'screening_result',
      objectId: id,
      subjectId: personId,
    })),
  );
  const data = await Promise.all(shown.map((result) => presentReview(call, result)));
  return { status: 200, body: { data, nextCursor } };
}

async function presentReview({ deps }: Call, result: ScreeningResult): Promise<object> {
  const { id, personId, type, total, maximum, severity, flags, alertId, completedAt } = result;
  return {
    id,
    personId,
    questionnaireType: type,
    totalScore: total,
    maxScore: maximum,
    severityLevel: severity,
    riskFlags: flags.map(({ code, description, alert, items }) => ({
      type: code,
      severity: alert ?? 'review',
      description,
      questionNumbers: items,
    })),
    alertId,
    completedAt: completedAt.toISOString(),
    state: result.review === 'done' ? 'reviewed' : 'awaiting',
    decision: result.decision,
    notes: await openReviewNotes(deps.cipher, deps.knex, result),
    reviewedBy: result.reviewedBy,
    reviewedAt: result.reviewedAt?.toISOString() ?? null,
  };
}

interface PolicyBody {
  readonly version?: number;
  readonly alerts: Readonly<Record<string, AlertPolicy>>;
  readonly responseHours: number;
}

/** GET /api/v1/screening-policy */
export async function getScreeningPolicy(call: Call): Promise<Answer> {
  await openPolicy(call, 'screening_policy.read');
  return presentPolicy(await readScreeningPolicy(call.deps.knex, call.principal.clinicId));
}

/** PUT /api/v1/screening-policy */
export async function putScreeningPolicy(call: Call<PolicyBody>): Promise<Answer> {
  const { body, deps, principal, requestId } = call;
  const target = await openPolicy(call, 'screening_policy.change');
  const { clinicId, personId: changedBy } = principal;
  assertEffective(body, await activeTemplates(deps.knex, clinicId));
  const alerts = Object.fromEntries(
    Object.entries(body.alerts).map(([type, policy]) => [typeNamed(type), policy]),
  );
  const { responseHours } = body;
  const change = { alerts, responseHours, expectedVersion: expectedVersion(call), changedBy };
  const context = auditContext(principal, requestId);
  const policy = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit(target);
    return replaceScreeningPolicy(trx, clinicId, change);
  });
  return presentPolicy(policy);
}

/** A slip of the pen must not go for a decision: throws `refused_by_rule` with every field that is one. */
function assertEffective({ alerts }: PolicyBody, active: ReadonlyMap<string, Template>): void {
  const fields = policyFaults(alerts, active);
  const [first] = fields;
  if (first === undefined) return;
  throw new HoldfastError('refused_by_rule', `${first.field} ${first.message}`, { fields });
}

async function openPolicy(call: Call, action: string) {
  const objectId = call.principal.clinicId;
  const target = { action, objectType: 'screening_policy', objectId };
  await enforce(call, mayRunScreening(call.principal), target);
  return target;
}

function presentPolicy(policy: ScreeningPolicy): Answer {
  return { status: 200, body: policy, headers: etag(policy.version) };
}
