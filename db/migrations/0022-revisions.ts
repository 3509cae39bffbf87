import type { Knex } from 'knex';

/**
 * What somebody asks to change about a session besides its time. It is on record before the
 * session's workflow is asked, which carries its id alone, and comes into force in the
 * transaction of the step that it belongs to, or not at all.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE session_revisions (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      asked_by uuid REFERENCES people,
      details bytea,
      reason bytea,
      format text CHECK (format IN ('video', 'audio', 'chat', 'in_person')),
      therapist_id uuid REFERENCES therapist_profiles,
      buffers jsonb,
      created_at timestamptz NOT NULL DEFAULT now(),
      applied_at timestamptz
    );
    CREATE INDEX session_revisions_by_session ON session_revisions (session_id);

    -- The booking door books half hours: a new therapist offers them until they decide otherwise.
    ALTER TABLE therapist_profiles
      ALTER COLUMN durations_minutes SET DEFAULT '{50,30,60,90,120}';
  `);
}
