import type { Knex } from 'knex';

/** What was recorded of sessions, and what everybody said to it, in its order. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- One stretch of a session in which everybody had agreed.
    CREATE TABLE recordings (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      session_id uuid NOT NULL REFERENCES sessions,
      started_by uuid NOT NULL REFERENCES people,
      -- The media host that records it, or that finishes it.
      host_id uuid NOT NULL,
      state text NOT NULL CHECK (state IN ('recording', 'finishing', 'ready', 'expired')),
      started_at timestamptz NOT NULL,
      ended_at timestamptz,
      -- It is deleted then.
      retention_until timestamptz,
      -- How often finishing it has begun.
      attempts integer NOT NULL DEFAULT 0,
      CHECK ((state = 'recording') = (ended_at IS NULL))
    );
    CREATE INDEX recordings_by_session ON recordings (session_id, started_at);
    CREATE INDEX recordings_open ON recordings (state) WHERE state IN ('recording', 'finishing');
    CREATE INDEX recordings_to_expire ON recordings (retention_until) WHERE state = 'ready';

    -- A sealed file: what one person sent, or all of it together.
    CREATE TABLE recording_tracks (
      id uuid PRIMARY KEY,
      recording_id uuid NOT NULL REFERENCES recordings,
      -- Null for what shows everybody.
      person_id uuid REFERENCES people,
      source text NOT NULL
        CHECK (source IN ('microphone', 'camera', 'screen', 'screen-audio', 'mixed')),
      media_type text NOT NULL,
      -- Sealed: the key of its bytes.
      file_key bytea NOT NULL,
      started_at timestamptz NOT NULL,
      -- Null while it is being written.
      duration_ms integer CHECK (duration_ms >= 0),
      size_bytes bigint CHECK (size_bytes > 0),
      CHECK ((source = 'mixed') = (person_id IS NULL))
    );
    CREATE INDEX recording_tracks_by_recording ON recording_tracks (recording_id);
    CREATE INDEX recording_tracks_by_person ON recording_tracks (person_id);
    CREATE UNIQUE INDEX recording_tracks_one_mixed ON recording_tracks (recording_id)
      WHERE source = 'mixed';

    CREATE TABLE recording_consent_changes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      is_given boolean NOT NULL,
      said_at timestamptz NOT NULL
    );
    CREATE INDEX recording_consent_changes_by_person
      ON recording_consent_changes (person_id, session_id);
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recording_consent_changes
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    INSERT INTO recording_consent_changes (session_id, person_id, is_given, said_at)
      SELECT session_id, person_id, is_given, said_at FROM recording_consents ORDER BY said_at;

    -- Whether a host has what it takes to record.
    ALTER TABLE sfu_hosts ADD COLUMN can_record boolean NOT NULL DEFAULT false;
  `);
}
