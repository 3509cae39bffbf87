import { auditRead } from '../../db/audit/record.ts';
import {
  drillPerson,
  findDrill,
  insertDrill,
  listDrills as listInDatabase,
  requireNoDrill,
} from '../../db/crisis-drills.ts';
import type { Drill } from '../../db/crisis-drills.ts';
import { recordTrigger } from '../../db/crisis-intake.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayKeepCrisisPlans } from '../access/on-call-access.ts';
import { startAlert } from '../crisis/intake.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

interface DrillBody {
  readonly severity?: AlertSeverity;
  readonly limitMinutes?: number;
}

const LIMIT_MINUTES = 15;

/** POST /api/v1/crisis/drills */
export async function startDrill(call: Call<DrillBody | undefined>): Promise<Answer> {
  const { deps, principal, newId: id } = call;
  const { clinicId } = principal;
  const target = { action: 'crisis_drill.start', objectType: 'drill', objectId: id };
  await enforce(call, mayKeepCrisisPlans(principal), target);
  const context = auditContext(principal, call.requestId);
  const raised = await inTransaction(deps.crisisKnex, context, async (trx, audit) => {
    if ((await findDrill(trx, clinicId, id)) !== null) return null;
    await requireNoDrill(trx, clinicId);
    audit(target);
    return raiseDrill(call, await drillPerson(trx, clinicId), trx);
  });
  if (raised !== null) await startAlert(deps, raised);
  const drill = await findDrill(deps.crisisKnex, clinicId, id);
  return { status: 202, body: presentDrill(drill!) };
}

/** The alert has the drill's id, so that the same request again finds it. */
async function raiseDrill(
  { principal, body, newId: id }: Call<DrillBody | undefined>,
  personId: string,
  trx: Parameters<typeof recordTrigger>[0],
): Promise<RaisedAlert> {
  const { clinicId, personId: startedBy } = principal;
  const { severity = 'critical', limitMinutes = LIMIT_MINUTES } = body ?? {};
  const raised = await recordTrigger(trx, {
    alertId: id,
    clinicId,
    personId,
    severity,
    type: 'drill',
    source: 'drill',
    sessionId: null,
    messageId: null,
    reportedBy: startedBy,
    details: null,
  });
  const limitMs = limitMinutes * 60_000;
  await insertDrill(trx, { id, clinicId, alertId: id, severity, startedBy, limitMs });
  return raised;
}

/** GET /api/v1/crisis/drills */
export async function listDrills(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const { clinicId } = principal;
  const target = { action: 'crisis_drill.list', objectType: 'drill', objectId: null };
  await enforce(call, mayKeepCrisisPlans(principal), target);
  const before = readCursor(query.cursor, isUuid);
  const drills = await listInDatabase(deps.knex, { clinicId, before, limit: query.limit + 1 });
  await auditRead(deps.knex, auditContext(principal, call.requestId), target);
  return { status: 200, body: pageOf(drills, query.limit, presentDrill) };
}

export function presentDrill(drill: Drill): Record<string, unknown> {
  const { id, alertId, number, severity, startedBy, acknowledgedBy } = drill;
  return {
    id,
    alertId,
    number,
    severity,
    status: statusOf(drill),
    startedBy,
    startedAt: drill.startedAt.toISOString(),
    endsAt: drill.endsAt.toISOString(),
    endedAt: drill.endedAt?.toISOString() ?? null,
    firstPageAt: drill.firstPageAt?.toISOString() ?? null,
    acknowledgedAt: drill.acknowledgedAt?.toISOString() ?? null,
    acknowledgedBy,
    timeToFirstPageMs: since(drill, drill.firstPageAt),
    timeToAcknowledgeMs: since(drill, drill.acknowledgedAt),
  };
}

function statusOf({ acknowledgedAt, endedAt }: Drill): 'running' | 'acknowledged' | 'unanswered' {
  if (acknowledgedAt !== null) return 'acknowledged';
  return endedAt === null ? 'running' : 'unanswered';
}

function since({ startedAt }: Drill, at: Date | null): number | null {
  return at === null ? null : Math.max(0, at.getTime() - startedAt.getTime());
}
