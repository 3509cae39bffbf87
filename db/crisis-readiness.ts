import type { Knex } from 'knex';
import { GAPS_AHEAD_MS } from '../domain/readiness.ts';
import type { LastDrill, NamedRoster, ReadinessFacts } from '../domain/readiness.ts';
import { listDrills } from './crisis-drills.ts';
import { readEscalationContext } from './on-call.ts';
import { readResources } from './resources.ts';
import { MOST_ROSTERS, expandRosters, listRosters } from './rosters.ts';

/** What has to give signs of life for alerts to be paged for. */
export const CRISIS_PARTS = ['auditor', 'worker'] as const;

/** All that readiness is judged by. */
export async function readReadiness(
  db: Knex,
  clinicId: string,
  nowMs: number,
  isSandbox: boolean,
): Promise<ReadinessFacts> {
  const horizonMs = GAPS_AHEAD_MS;
  const [context, rosters, { resources }, lastDrill, heardOfMs, refusing] = await Promise.all([
    readEscalationContext(db, clinicId, nowMs, horizonMs),
    readRosters(db, clinicId, nowMs),
    readResources(db, clinicId),
    readLastDrill(db, clinicId),
    readHeartbeats(db),
    readRefusals(db, clinicId),
  ]);
  return { context, rosters, resources, lastDrill, heardOfMs, refusing, isSandbox };
}

async function readRosters(db: Knex, clinicId: string, nowMs: number): Promise<NamedRoster[]> {
  const rows = await listRosters(db, clinicId, { after: null, limit: MOST_ROSTERS });
  const stretch = { fromMs: nowMs, toMs: nowMs + GAPS_AHEAD_MS };
  const expanded = await expandRosters(db, rows, stretch);
  return rows.map(({ id, name }) => ({ id, name, roster: expanded.get(id)! }));
}

async function readLastDrill(db: Knex, clinicId: string): Promise<LastDrill | null> {
  const [drill] = await listDrills(db, { clinicId, before: null, limit: 1 });
  if (drill === undefined) return null;
  return {
    id: drill.id,
    startedAtMs: drill.startedAt.getTime(),
    isRunning: drill.endedAt === null,
    acknowledgedAtMs: drill.acknowledgedAt?.getTime() ?? null,
  };
}

async function readHeartbeats(db: Knex): Promise<Record<string, number | null>> {
  const { rows } = await db.raw<{ rows: { part: string; atMs: number }[] }>(
    `SELECT part, (extract(epoch FROM beat_at) * 1000)::float8 AS "atMs"
     FROM crisis_heartbeats WHERE part = ANY (?)`,
    [[...CRISIS_PARTS]],
  );
  const atMs = (part: string): number | null => rows.find((row) => row.part === part)?.atMs ?? null;
  return Object.fromEntries(CRISIS_PARTS.map((part) => [part, atMs(part)]));
}

/** The provider's codes for an account, a token or a number of ours that is no good. */
const OUR_FAULT = ['20003', '20404', '21210', '21212', '21408', '21603', '21606', '21609', '21659'];

async function readRefusals(db: Knex, clinicId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { channel: string }[] }>(
    `SELECT DISTINCT page.channel FROM crisis_alerts AS alert
       JOIN crisis_pages AS page ON page.alert_id = alert.id
     WHERE alert.clinic_id = ? AND alert.created_at > now() - interval '7 days'
       AND page.error_code = ANY (?) ORDER BY page.channel`,
    [clinicId, OUR_FAULT],
  );
  return rows.map(({ channel }) => channel);
}
