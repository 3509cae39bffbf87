import type { Knex } from 'knex';

/** Who was in a session's room, and when: what completion, no-show and attendance are decided from. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- One row for each coming and going of a person, however many connections they have. The
    -- session may be of any kind, so nothing refers to it.
    CREATE TABLE room_presence (
      session_id uuid NOT NULL,
      -- Rises by one with each row of a session.
      sequence integer NOT NULL CHECK (sequence > 0),
      person_id uuid NOT NULL REFERENCES people,
      role text NOT NULL CHECK (role IN ('host', 'co_host', 'participant', 'observer')),
      kind text NOT NULL CHECK (kind IN ('waiting', 'joined', 'left')),
      -- When it happened: whoever lost their connection left then, not when the grace was over.
      at timestamptz NOT NULL,
      -- The placement of the room that says so.
      epoch integer NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (session_id, sequence)
    );
    CREATE INDEX room_presence_by_person ON room_presence (session_id, person_id, sequence DESC);
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON room_presence
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  `);
}
