import type { Knex } from 'knex';

/** What was written in the rooms of sessions. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Written by the host of a room after it was delivered. The session may be of any kind, so
    -- nothing refers to it.
    CREATE TABLE session_chat (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      session_id uuid NOT NULL,
      -- The placement of the room, and the number in it: together the order of the session's words.
      epoch integer NOT NULL,
      sequence integer NOT NULL CHECK (sequence > 0),
      -- Null in the main room.
      breakout_id uuid,
      sender_id uuid NOT NULL REFERENCES people,
      -- Sealed: what was written, and the name that others were shown with it.
      words bytea NOT NULL,
      -- Who was in the same place, and who was inside but in another one: who may read it later.
      audience uuid[] NOT NULL,
      elsewhere uuid[] NOT NULL,
      at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX session_chat_in_order ON session_chat (session_id, epoch, sequence);
    CREATE INDEX session_chat_by_sender ON session_chat (sender_id);

    CREATE FUNCTION refuse_erased_in_session_chat() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM refuse_erased(NEW.sender_id,
        (SELECT client_id FROM sessions WHERE id = NEW.session_id));
      RETURN NEW;
    END $$;
    CREATE TRIGGER not_for_erased BEFORE INSERT ON session_chat FOR EACH ROW
      EXECUTE FUNCTION refuse_erased_in_session_chat();
  `);
}
