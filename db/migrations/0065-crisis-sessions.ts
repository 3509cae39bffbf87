import type { Knex } from 'knex';

/**
 * Who asked for a session in a crisis. The session itself has the same id; it is there as soon as
 * somebody has been found for it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE crisis_sessions (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      client_id uuid NOT NULL REFERENCES people,
      alert_id uuid NOT NULL REFERENCES crisis_alerts,
      severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
      format text NOT NULL CHECK (format IN ('video', 'audio', 'chat')),
      room_code text NOT NULL,
      requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      -- Sealed: whom to call and what helps.
      safety_plan bytea
    );
    CREATE INDEX crisis_sessions_by_client ON crisis_sessions (client_id, requested_at);
    CREATE INDEX crisis_sessions_by_alert ON crisis_sessions (alert_id);
  `);
}
