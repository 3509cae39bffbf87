import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';

/** A clinic's alerts in numbers. Drills do not count. */
export interface AlertStatistics {
  readonly total: number;
  readonly active: number;
  readonly resolved: number;
  readonly bySeverity: Readonly<Record<AlertSeverity, number>>;
  /** Of those that are open. */
  readonly openCritical: number;
  /** From creation to the first acknowledgement, in whole seconds; null where nobody has acknowledged any. */
  readonly averageResponseSeconds: number | null;
}

export interface AlertTrend {
  /** `YYYY-MM-DD` in the clinic's zone. */
  readonly date: string;
  readonly count: number;
}

const COUNTED = `count(*)::int AS total,
  count(*) FILTER (WHERE status <> 'resolved')::int AS active,
  count(*) FILTER (WHERE status = 'resolved')::int AS resolved,
  count(*) FILTER (WHERE severity = 'critical' AND status <> 'resolved')::int AS "openCritical",
  json_build_object(
    'low', count(*) FILTER (WHERE severity = 'low'),
    'medium', count(*) FILTER (WHERE severity = 'medium'),
    'high', count(*) FILTER (WHERE severity = 'high'),
    'critical', count(*) FILTER (WHERE severity = 'critical')) AS "bySeverity",
  round(avg(extract(epoch FROM acknowledged_at - created_at)))::int AS "averageResponseSeconds"`;

export async function alertStatistics(db: Knex, clinicId: string): Promise<AlertStatistics> {
  const { rows } = await db.raw<{ rows: [AlertStatistics] }>(
    `SELECT ${COUNTED} FROM crisis_alerts WHERE clinic_id = ? AND NOT is_drill`,
    [clinicId],
  );
  return rows[0];
}

/** How many alerts were raised on each of the last `days` days up to `now`, in the clinic's zone. */
export async function alertTrend(
  db: Knex,
  clinicId: string,
  days: number,
  now: Date,
): Promise<AlertTrend[]> {
  const { rows } = await db.raw<{ rows: AlertTrend[] }>(
    `WITH clinic AS (
       SELECT id, time_zone, (:now::timestamptz AT TIME ZONE time_zone)::date AS today
       FROM clinics WHERE id = :clinicId),
     day AS (
       SELECT clinic.id AS clinic_id, each::date AS date,
         each AT TIME ZONE time_zone AS starts_at,
         (each + interval '1 day') AT TIME ZONE time_zone AS ends_at
       FROM clinic, generate_series(
         (today - (:days::int - 1))::timestamp, today::timestamp, '1 day') AS each)
     SELECT date::text, (SELECT count(*)::int FROM crisis_alerts AS alert
       WHERE alert.clinic_id = day.clinic_id AND NOT alert.is_drill
         AND alert.created_at >= day.starts_at AND alert.created_at < day.ends_at) AS count
     FROM day ORDER BY date`,
    { clinicId, days, now },
  );
  return rows;
}

const LATELY = 20;

/** How long the last few alerts of a severity have waited for a human, in seconds; null without any. */
export async function recentResponseSeconds(
  db: Knex,
  clinicId: string,
  severity: AlertSeverity,
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: [{ seconds: number | null }] }>(
    `SELECT ceil(avg(extract(epoch FROM acknowledged_at - created_at)))::int AS seconds
     FROM (
       SELECT acknowledged_at, created_at FROM crisis_alerts
       WHERE clinic_id = ? AND severity = ? AND acknowledged_at IS NOT NULL AND NOT is_drill
       ORDER BY created_at DESC LIMIT ?) AS lately`,
    [clinicId, severity, LATELY],
  );
  return rows[0].seconds;
}
