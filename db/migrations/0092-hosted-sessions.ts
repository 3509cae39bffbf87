import type { Knex } from 'knex';

/**
 * Sessions that therapists host: seats without a group, roles, notes, and what was agreed to. What a
 * therapist notes is kept in every version; one that is signed off never changes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DO $$
    DECLARE tied text;
    BEGIN
      SELECT conname INTO tied FROM pg_constraint
      WHERE conrelid = 'sessions'::regclass AND contype = 'c'
        AND pg_get_constraintdef(oid) LIKE '%group_id IS NULL%group_terms IS NULL%';
      EXECUTE format('ALTER TABLE sessions DROP CONSTRAINT %I', tied);
    END $$;
    ALTER TABLE sessions ADD CONSTRAINT sessions_groups_have_terms
      CHECK (group_id IS NULL OR group_terms IS NOT NULL);

    CREATE TABLE hosted_sessions (
      session_id uuid PRIMARY KEY REFERENCES sessions,
      is_recorded boolean NOT NULL DEFAULT false,
      -- When the host opened the waiting room.
      waiting_since timestamptz,
      -- The support session in which its people write to each other afterwards.
      chat_room_id uuid REFERENCES support_sessions
    );

    CREATE TABLE session_roles (
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      role text NOT NULL CHECK (role IN ('host', 'co_host', 'participant', 'observer')),
      given_by uuid NOT NULL REFERENCES people,
      given_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (session_id, person_id)
    );

    CREATE TABLE session_notes (
      session_id uuid NOT NULL REFERENCES sessions,
      version integer NOT NULL CHECK (version > 0),
      author_id uuid NOT NULL REFERENCES people,
      -- Sealed.
      body bytea NOT NULL,
      written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      signed_at timestamptz,
      PRIMARY KEY (session_id, version)
    );
    CREATE FUNCTION keep_session_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.signed_at IS NOT NULL AND (OLD.signed_at, OLD.version, OLD.session_id, OLD.author_id)
          IS DISTINCT FROM (NEW.signed_at, NEW.version, NEW.session_id, NEW.author_id) THEN
        RAISE EXCEPTION 'a note that is signed off stays as it is';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER session_notes_stay BEFORE UPDATE ON session_notes
      FOR EACH ROW EXECUTE FUNCTION keep_session_note();

    -- Whether somebody may be recorded, as they last said.
    CREATE TABLE recording_consents (
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      is_given boolean NOT NULL,
      said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (session_id, person_id)
    );
  `);
}
