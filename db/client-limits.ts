import type { Knex } from 'knex';

/** What counts against the limits of one client. */
export interface ClientLoad {
  /** IANA: whose days the limit of a day means. */
  readonly timeZone: string;
  /** Starts of the sessions that have not ended, epoch ms, planned ones included. */
  readonly startsAt: readonly number[];
  /** Those among them that have been opened. */
  readonly openSessions: number;
}

export async function loadOf(knex: Knex, clientId: string): Promise<ClientLoad | null> {
  const { rows } = await knex.raw<{ rows: ClientLoad[] }>(
    `SELECT person.time_zone AS "timeZone", coalesce(counted."startsAt", '[]') AS "startsAt",
       counted."openSessions"
     FROM people person CROSS JOIN LATERAL (
       SELECT json_agg((extract(epoch FROM starts_at) * 1000)::float8) AS "startsAt",
         count(*) FILTER (WHERE status <> 'planned')::int AS "openSessions"
       FROM sessions WHERE client_id = person.id AND ends_at > now() AND status IN
         ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')) counted
     WHERE person.id = ?`,
    [clientId],
  );
  return rows[0] ?? null;
}
