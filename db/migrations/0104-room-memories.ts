import type { Knex } from 'knex';

/** What a room knows beside who is there, for the host that opens it after its own has died. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- One row a session of whichever kind, gone soon after its room.
    CREATE TABLE room_memories (
      session_id uuid PRIMARY KEY,
      -- The placement of the room that wrote it: an earlier one never writes over it.
      epoch integer NOT NULL CHECK (epoch > 0),
      -- Sealed: who was let in, who was removed, roles, the lock, breakouts and how they are called.
      memory bytea NOT NULL,
      written_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX room_memories_by_age ON room_memories (written_at);
  `);
}
