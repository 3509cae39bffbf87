import type { Knex } from 'knex';

/**
 * How long each was in a session's room, as it was when the session was over: what is billed goes by
 * it. And who was removed from a room, though they may have a seat in its session.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE session_attendance (
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      role text NOT NULL CHECK (role IN ('host', 'co_host', 'participant', 'observer')),
      came_at timestamptz NOT NULL,
      -- Null: they were still there.
      left_at timestamptz,
      inside_ms integer NOT NULL CHECK (inside_ms >= 0),
      -- Of it, with the therapist; the therapist's own, with anybody but observers.
      billed_ms integer NOT NULL CHECK (billed_ms BETWEEN 0 AND inside_ms),
      billed_from timestamptz,
      billed_until timestamptz,
      settled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (session_id, person_id)
    );
    CREATE INDEX session_attendance_by_person ON session_attendance (person_id);

    CREATE TABLE room_removals (
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      removed_by uuid NOT NULL REFERENCES people,
      removed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (session_id, person_id)
    );
    CREATE INDEX room_removals_by_person ON room_removals (person_id);
  `);
}
