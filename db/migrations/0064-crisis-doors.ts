import type { Knex } from 'knex';

/** What people note about an alert, which interventions were asked for, and what lists are read by. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What the crisis team writes down about an alert, note by note; none is ever changed.
    CREATE TABLE crisis_notes (
      id uuid PRIMARY KEY,
      alert_id uuid NOT NULL REFERENCES crisis_alerts,
      author_id uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      follow_up_required boolean,
      follow_up_at timestamptz,
      -- A human says that the police, an ambulance or another local service was called.
      has_called_local_services boolean NOT NULL DEFAULT false,
      -- Sealed: resolution, actions taken, risk assessment, notes.
      details bytea
    );
    CREATE INDEX crisis_notes_by_alert ON crisis_notes (alert_id, created_at);

    CREATE TABLE crisis_interventions (
      id uuid PRIMARY KEY,
      number text NOT NULL UNIQUE CHECK (number ~ '^CI-[0-9]{4}-[0-9]{6,}$'),
      alert_id uuid NOT NULL REFERENCES crisis_alerts,
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid NOT NULL REFERENCES people,
      session_id uuid,
      requested_by uuid NOT NULL REFERENCES people,
      type text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX crisis_interventions_by_alert ON crisis_interventions (alert_id, created_at);

    CREATE INDEX crisis_alerts_counted ON crisis_alerts (clinic_id, status, severity)
      INCLUDE (created_at, acknowledged_at) WHERE NOT is_drill;
    CREATE INDEX crisis_alerts_by_person ON crisis_alerts (person_id, created_at);
    CREATE INDEX crisis_alerts_by_holder ON crisis_alerts (holder_id, created_at)
      WHERE holder_id IS NOT NULL;
    -- How long people have waited lately for somebody to take an alert.
    CREATE INDEX crisis_alerts_answered ON crisis_alerts (clinic_id, severity, created_at)
      INCLUDE (acknowledged_at) WHERE acknowledged_at IS NOT NULL AND NOT is_drill;
  `);
}
