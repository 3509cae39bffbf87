import { alertStatistics, alertTrend } from '../../../db/crisis-statistics.ts';
import { auditRead } from '../../../db/audit/record.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { maySeeCrisisStatistics } from '../../access/crisis-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';

const TREND_DAYS = 30;

/** GET /api/crisis/stats: computed from the record whenever it is asked for. */
export async function getCrisisStats(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { clinicId } = principal;
  const target = { action: 'alert.statistics', objectType: 'clinic', objectId: clinicId };
  await enforce(call, maySeeCrisisStatistics(principal), target);
  const [statistics, trend] = await Promise.all([
    alertStatistics(deps.knex, clinicId),
    alertTrend(deps.knex, clinicId, TREND_DAYS, new Date()),
  ]);
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  const shown = {
    totalAlerts: statistics.total,
    activeAlerts: statistics.active,
    resolvedAlerts: statistics.resolved,
    severityBreakdown: statistics.bySeverity,
    averageResponseTime: statistics.averageResponseSeconds,
    trendsLast30Days: trend,
  };
  return inBothShapes(200, { a: shown, b: shown });
}
