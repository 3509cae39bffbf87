import type { Knex } from 'knex';

/**
 * A planned occurrence of a series claims its day like any session, but only those that have been
 * opened count against what a client may have open at once: else a weekly series would use it up.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION count_open_sessions(
      client uuid, day_start timestamptz, day_end timestamptz, OUT open int, OUT today int
    ) LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(client::text, 1));
      SELECT count(*) FILTER (WHERE status <> 'planned'),
          count(*) FILTER (WHERE starts_at >= day_start AND starts_at < day_end)
        INTO open, today FROM sessions
        WHERE client_id = client AND ends_at > now() AND status IN
          ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress');
    END $$;
  `);
}
