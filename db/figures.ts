import type { Knex } from 'knex';

/** How an installation does, over all clinics: counts and ages, of nobody in particular. */
export interface Figures {
  /** Events that somebody has yet to hear of. */
  readonly outboxWaiting: number;
  readonly outboxOldestSeconds: number;
  readonly openAlerts: readonly { readonly status: string; readonly count: number }[];
  /** Of open alerts. */
  readonly pages: readonly {
    readonly channel: string;
    readonly state: string;
    readonly count: number;
  }[];
}

/** Each served by an index of what is open, however much has been. */
export async function readFigures(db: Knex): Promise<Figures> {
  const { rows } = await db.raw<{ rows: [Figures] }>(
    `SELECT
       (SELECT count(*)::int FROM outbox WHERE dispatched_at IS NULL) AS "outboxWaiting",
       coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM outbox
         WHERE dispatched_at IS NULL ORDER BY id LIMIT 1), 0) AS "outboxOldestSeconds",
       (SELECT coalesce(jsonb_agg(jsonb_build_object('status', status, 'count', count)), '[]')
         FROM (SELECT status, count(*) FROM crisis_alerts
           WHERE status <> 'resolved' AND NOT is_drill GROUP BY 1) open) AS "openAlerts",
       (SELECT coalesce(jsonb_agg(jsonb_build_object('channel', channel, 'state', state,
           'count', count)), '[]')
         FROM (SELECT channel, page.state, count(*) FROM crisis_alerts alert
           JOIN crisis_pages page ON page.alert_id = alert.id
           WHERE alert.status <> 'resolved' AND NOT alert.is_drill GROUP BY 1, 2) sent) AS pages`,
  );
  return rows[0];
}
