import type { Knex } from 'knex';

/** Breakout rooms of a session, who belongs in them, and what the host of its room is asked to do. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE breakout_rooms (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      -- Sealed: what the therapist calls it.
      name bytea NOT NULL,
      ends_at timestamptz,
      opened_at timestamptz NOT NULL DEFAULT now(),
      closed_at timestamptz
    );
    CREATE INDEX breakout_rooms_open ON breakout_rooms (session_id) WHERE closed_at IS NULL;

    -- Nobody is in two at once: the latest assignment counts.
    CREATE TABLE breakout_members (
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      breakout_id uuid NOT NULL REFERENCES breakout_rooms,
      assigned_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (session_id, person_id)
    );
    CREATE INDEX breakout_members_by_room ON breakout_members (breakout_id);

    -- Read in order by whoever hosts the session's room.
    CREATE TABLE room_commands (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      kind text NOT NULL,
      -- Sealed: the command as the room's rules know it, with what is said and how rooms are called.
      command bytea NOT NULL,
      asked_by uuid NOT NULL REFERENCES people,
      asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX room_commands_in_order ON room_commands (session_id, id);
  `);
}
