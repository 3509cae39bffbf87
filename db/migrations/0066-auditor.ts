import type { Knex } from 'knex';

/** What watches over crisis alerts from outside their workflows, and the signs of life that it gives. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What the auditor itself has done about an alert that nobody else paged for.
    CREATE TABLE crisis_watch (
      alert_id uuid PRIMARY KEY REFERENCES crisis_alerts,
      -- How often it has paged.
      rounds integer NOT NULL,
      paged_at timestamptz NOT NULL,
      next_due_at timestamptz NOT NULL
    );

    -- One row a part of the crisis lane: who does its work, and when it last said so.
    CREATE TABLE crisis_heartbeats (
      part text PRIMARY KEY,
      -- The kind of process that it works in.
      host text NOT NULL,
      backend_pid integer NOT NULL,
      beat_at timestamptz NOT NULL
    );

    -- All that is still open, and what of it somebody holds, by when they were to be heard of again.
    CREATE INDEX crisis_alerts_open ON crisis_alerts (id) WHERE status <> 'resolved';
    CREATE INDEX crisis_alerts_held ON crisis_alerts (((state->>'leaseUntilMs')::bigint))
      WHERE status = 'held';
  `);
}
