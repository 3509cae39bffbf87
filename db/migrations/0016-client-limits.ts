import type { Knex } from 'knex';

/**
 * A client's open sessions, counted under that client's own lock: of two bookings that are
 * made at once, the second one counts the first.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION count_open_sessions(
      client uuid, day_start timestamptz, day_end timestamptz, OUT open int, OUT today int
    ) LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(client::text, 1));
      SELECT count(*), count(*) FILTER (WHERE starts_at >= day_start AND starts_at < day_end)
        INTO open, today FROM sessions
        WHERE client_id = client AND ends_at > now() AND status IN
          ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress');
    END $$;
  `);
}
