import { auditRead } from '../../db/audit/record.ts';
import { readReadiness } from '../../db/crisis-readiness.ts';
import { listDrills } from '../../db/crisis-drills.ts';
import { isReady, readinessOf } from '../../domain/readiness.ts';
import type { Finding } from '../../domain/readiness.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayKeepCrisisPlans } from '../access/on-call-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { presentDrill } from './drills.ts';

/** GET /api/v1/crisis/readiness */
export async function getCrisisReadiness(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { clinicId } = principal;
  const target = { action: 'crisis_readiness.read', objectType: 'clinic', objectId: clinicId };
  await enforce(call, mayKeepCrisisPlans(principal), target);
  const nowMs = Date.now();
  const isSandbox = deps.http.environment === 'sandbox';
  const [facts, [lastDrill]] = await Promise.all([
    readReadiness(deps.crisisKnex, clinicId, nowMs, isSandbox),
    listDrills(deps.crisisKnex, { clinicId, before: null, limit: 1 }),
  ]);
  await auditRead(deps.crisisKnex, auditContext(principal, requestId), target);
  const findings = readinessOf(facts, nowMs);
  const parts = Object.entries(facts.heardOfMs).map(([name, atMs]) => ({
    name,
    lastHeardAt: atMs === null ? null : instant(atMs),
  }));
  const body = {
    isReady: isReady(findings),
    checkedAt: instant(nowMs),
    findings: findings.map(present),
    parts,
    lastDrill: lastDrill === undefined ? null : presentDrill(lastDrill),
  };
  return { status: 200, body };
}

function present({ stretch, ...finding }: Finding): Record<string, unknown> {
  const startsAt = stretch === null ? null : instant(stretch.startMs);
  return { ...finding, startsAt, endsAt: stretch === null ? null : instant(stretch.endMs) };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
