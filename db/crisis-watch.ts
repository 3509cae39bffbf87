import type { Knex } from 'knex';
import type { AlertState } from '../domain/alert-events.ts';
import type { WatchTimes, WatchedAlert } from '../domain/alert-watch.ts';

/** An open alert as the auditor sees it. */
export interface WatchedRow extends WatchedAlert {
  readonly id: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly number: string;
  readonly isDrill: boolean;
}

interface Row extends Omit<WatchedRow, 'audit' | 'state'> {
  readonly state: AlertState | null;
  readonly rounds: number | null;
  readonly pagedAtMs: number | null;
  readonly nextDueAtMs: number | null;
}

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`;

const COLUMNS = `alert.id, alert.clinic_id AS "clinicId", alert.person_id AS "personId",
  alert.number, alert.is_drill AS "isDrill", alert.status, alert.severity, alert.state,
  ${ms('alert.created_at')} AS "createdAtMs",
  ${ms('alert.last_page_at')} AS "lastPageAtMs", watch.rounds,
  ${ms('watch.paged_at')} AS "pagedAtMs", ${ms('watch.next_due_at')} AS "nextDueAtMs"`;

const NOW_MS = ms('clock_timestamp()');

/**
 * Served by `crisis_alerts_unanswered`, which holds nothing but alerts that nobody has: those whose
 * page is not due yet are left out here, the rest is for {@link neglectOf} to judge.
 */
export const FIND_UNANSWERED = `
  SELECT ${COLUMNS}, ${NOW_MS} AS "nowMs"
  FROM crisis_alerts AS alert LEFT JOIN crisis_watch AS watch ON watch.alert_id = alert.id
  WHERE alert.status = 'paging'
    AND alert.created_at <= clock_timestamp() - :firstPageMs * interval '1 millisecond'
    AND (alert.last_page_at IS NULL
      OR alert.last_page_at <= clock_timestamp() - :slackMs * interval '1 millisecond')
    AND (alert.last_page_at IS NULL
      OR coalesce((alert.state->>'dueAtMs')::float8, 0) + :slackMs <= ${NOW_MS})
    AND (watch.next_due_at IS NULL OR watch.next_due_at <= clock_timestamp()
      OR watch.paged_at < alert.last_page_at)
  ORDER BY alert.created_at LIMIT :limit`;

/** Served by `crisis_alerts_held`: whoever holds these was to be heard of long ago. */
export const FIND_LAPSED = `
  SELECT ${COLUMNS}, ${NOW_MS} AS "nowMs"
  FROM crisis_alerts AS alert LEFT JOIN crisis_watch AS watch ON watch.alert_id = alert.id
  WHERE alert.status = 'held'
    AND (alert.state->>'leaseUntilMs')::bigint <= (${NOW_MS} - :leaseSlackMs)::bigint
    AND (watch.next_due_at IS NULL OR watch.next_due_at <= clock_timestamp()
      OR watch.paged_at < alert.last_page_at)
  ORDER BY (alert.state->>'leaseUntilMs')::bigint LIMIT :limit`;

const MOST_AT_ONCE = 200;

/** Alerts that may be neglected, with the database's time: two cheap looks, however many there ever were. */
export async function findSuspects(
  db: Knex,
  times: WatchTimes,
): Promise<{ readonly alerts: readonly WatchedRow[]; readonly nowMs: number }> {
  const values = { ...times, limit: MOST_AT_ONCE };
  const found: (Row & { nowMs: number })[] = [];
  for (const statement of [FIND_UNANSWERED, FIND_LAPSED]) {
    const { rows } = await db.raw<{ rows: (Row & { nowMs: number })[] }>(statement, values);
    found.push(...rows);
  }
  return { alerts: found.map(fromRow), nowMs: found[0]?.nowMs ?? 0 };
}

function fromRow({ rounds, pagedAtMs, nextDueAtMs, ...row }: Row): WatchedRow {
  const hasPaged = rounds !== null && pagedAtMs !== null && nextDueAtMs !== null;
  return { ...row, audit: hasPaged ? { rounds, pagedAtMs, nextDueAtMs } : null };
}

/** An open alert whose workflow should be running. */
export interface OpenAlertRow extends WatchedRow {
  readonly type: string;
  readonly sessionId: string | null;
  /** Its last report, by which its workflow can be begun again. */
  readonly triggerId: string;
}

/** Served by `crisis_alerts_open`. In the order of their ids, from after one of them on. */
export async function listOpenAlerts(
  db: Knex,
  page: { readonly after: string | null; readonly minAgeMs: number; readonly limit: number },
): Promise<OpenAlertRow[]> {
  const { rows } = await db.raw<{ rows: (Row & OpenAlertRow)[] }>(
    `SELECT ${COLUMNS}, alert.type, alert.session_id AS "sessionId",
       report.id AS "triggerId"
     FROM crisis_alerts AS alert LEFT JOIN crisis_watch AS watch ON watch.alert_id = alert.id,
       LATERAL (SELECT id FROM crisis_triggers WHERE alert_id = alert.id
         ORDER BY created_at DESC LIMIT 1) AS report
     WHERE alert.status <> 'resolved' AND (:after::uuid IS NULL OR alert.id > :after)
       AND alert.created_at <= clock_timestamp() - :minAgeMs * interval '1 millisecond'
     ORDER BY alert.id LIMIT :limit`,
    { ...page },
  );
  return rows.map((row) => ({ ...row, ...fromRow(row) }));
}

/**
 * Takes an alert's next round of pages upon itself: of two auditors that both mean to, one does,
 * and none does where somebody has taken the alert meanwhile. The round's number, or null.
 */
export async function claimRound(
  db: Knex,
  alert: Pick<WatchedRow, 'id' | 'status' | 'audit'>,
  retryInMs: number,
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { rounds: number }[] }>(
    `INSERT INTO crisis_watch AS watch (alert_id, rounds, paged_at, next_due_at)
     SELECT id, 1, clock_timestamp(), clock_timestamp() + :retryInMs * interval '1 millisecond'
     FROM crisis_alerts WHERE id = :id AND status = :status
     ON CONFLICT (alert_id) DO UPDATE SET rounds = watch.rounds + 1,
       paged_at = excluded.paged_at, next_due_at = excluded.next_due_at
     WHERE watch.rounds = :rounds
     RETURNING rounds`,
    { id: alert.id, status: alert.status, rounds: alert.audit?.rounds ?? 0, retryInMs },
  );
  return rows[0]?.rounds ?? null;
}

/** The round's pages are out: the next one is due after so long. */
export async function settleRound(
  db: Knex,
  round: { readonly alertId: string; readonly rounds: number; readonly nextInMs: number },
): Promise<void> {
  await db.raw(
    `UPDATE crisis_watch SET paged_at = greatest(clock_timestamp(), alert.last_page_at),
       next_due_at = clock_timestamp() + :nextInMs * interval '1 millisecond'
     FROM crisis_alerts AS alert
     WHERE alert_id = :alertId AND rounds = :rounds AND alert.id = alert_id`,
    { ...round },
  );
}

/** One line of an alert's course that the auditor has written. */
export async function noteAudit(
  db: Knex,
  event: {
    readonly alertId: string;
    readonly kind: string;
    readonly data: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await db.raw(
    `INSERT INTO crisis_events (alert_id, kind, via, data)
     VALUES (:alertId, :kind, 'auditor', :data::jsonb)`,
    { ...event, data: JSON.stringify(event.data) },
  );
}
