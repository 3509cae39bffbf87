import type { Knex } from 'knex';
import type { SessionRow } from './sessions.ts';

/** What counts against the limits of one client. */
export interface ClientLoad {
  /** IANA, the clinic's: whose days the limit of a day means. */
  readonly timeZone: string;
  /**
   * Of each session that has not ended, planned ones included: its start and the one that is
   * proposed for it, else its own again. Epoch ms.
   */
  readonly startsAt: readonly (readonly [number, number])[];
  /** Those among them that have been opened. */
  readonly openSessions: number;
}

export async function loadOf(knex: Knex, clientId: string): Promise<ClientLoad | null> {
  const { rows } = await knex.raw<{ rows: ClientLoad[] }>(
    `SELECT clinic.time_zone AS "timeZone", coalesce(counted."startsAt", '[]') AS "startsAt",
       counted."openSessions"
     FROM people person JOIN clinics clinic ON clinic.id = person.clinic_id
     CROSS JOIN LATERAL (
       SELECT json_agg(json_build_array((extract(epoch FROM starts_at) * 1000)::float8,
           (extract(epoch FROM coalesce(proposed_starts_at, starts_at)) * 1000)::float8)) AS "startsAt",
         count(*) FILTER (WHERE status <> 'planned')::int AS "openSessions"
       FROM sessions WHERE client_id = person.id AND ends_at > now() AND status IN
         ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')) counted
     WHERE person.id = ?`,
    [clientId],
  );
  return rows[0] ?? null;
}

/** Locks the client against other bookings until the transaction ends. */
export async function exceedsLimits(
  trx: Knex.Transaction,
  clientId: string,
  { starts_at: startsAt, plan }: Pick<SessionRow, 'starts_at' | 'plan'>,
): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: { open: number; today: number }[] }>(
    'SELECT open, today FROM count_client_sessions(?, ?)',
    [clientId, startsAt],
  );
  const { open, today } = rows[0]!;
  return open >= plan.limits.maxOpenPerClient || today >= plan.limits.maxPerClientPerDay;
}
