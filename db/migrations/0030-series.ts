import type { Knex } from 'knex';

/** Series of appointments: what was agreed, and which sessions came of it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE series (
      id uuid PRIMARY KEY,
      -- The first of the series that this one was split from; its own id where it was not.
      root_id uuid NOT NULL REFERENCES series,
      previous_id uuid REFERENCES series,
      clinic_id uuid NOT NULL REFERENCES clinics,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      client_id uuid NOT NULL REFERENCES people,
      session_type text NOT NULL,
      format text NOT NULL CHECK (format IN ('video', 'audio', 'chat', 'in_person')),
      time_zone text NOT NULL,
      starts_on date NOT NULL,
      start_minute smallint NOT NULL CHECK (start_minute BETWEEN 0 AND 1439),
      duration_minutes smallint NOT NULL CHECK (duration_minutes > 0),
      rule text,
      dates date[] NOT NULL DEFAULT '{}',
      excluded_dates date[] NOT NULL DEFAULT '{}',
      status text NOT NULL
        CHECK (status IN ('requested', 'active', 'declined', 'expired', 'cancelled')),
      approval text NOT NULL CHECK (approval IN ('not_needed', 'awaited', 'given')),
      answer_due_at timestamptz,
      ignores_availability boolean NOT NULL DEFAULT false,
      version integer NOT NULL DEFAULT 1,
      created_by uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX series_by_client ON series (client_id, id);
    CREATE INDEX series_by_therapist ON series (therapist_id, id);
    CREATE INDEX series_by_clinic ON series (clinic_id, id);
    CREATE INDEX series_by_root ON series (root_id);
    CREATE INDEX series_unanswered ON series (answer_due_at) WHERE status = 'requested';

    CREATE TABLE series_occurrences (
      session_id uuid PRIMARY KEY REFERENCES sessions,
      series_id uuid NOT NULL REFERENCES series,
      -- The local date that the series gives; the session itself may have been moved elsewhere.
      occurs_on date NOT NULL,
      is_moved boolean NOT NULL DEFAULT false,
      -- What its running workflow has yet to be asked for, by an edit that is decided already.
      wanted jsonb
    );
    CREATE INDEX series_occurrences_in_order ON series_occurrences (series_id, occurs_on);
    CREATE INDEX series_occurrences_wanted ON series_occurrences (session_id)
      WHERE wanted IS NOT NULL;
    CREATE INDEX sessions_planned ON sessions (starts_at) WHERE status = 'planned';

    CREATE TABLE series_notices (
      series_id uuid NOT NULL REFERENCES series,
      kind text NOT NULL,
      version integer NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      done_at timestamptz,
      PRIMARY KEY (series_id, kind, version)
    );
    CREATE INDEX series_notices_waiting ON series_notices (created_at) WHERE done_at IS NULL;
  `);
}
