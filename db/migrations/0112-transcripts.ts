import type { Knex } from 'knex';

/** What was said in recorded sessions, in words. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- How far the words of a recording are. Each piece of a track commits together with how far it
    -- goes, so whoever goes on begins where the last one got to.
    CREATE TABLE transcripts (
      recording_id uuid PRIMARY KEY REFERENCES recordings,
      state text NOT NULL CHECK (state IN ('pending', 'running', 'ready', 'failed', 'expired')),
      -- Why it failed, as a code.
      reason text,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      finished_at timestamptz,
      CHECK ((state = 'failed') = (reason IS NOT NULL))
    );
    ALTER TABLE recording_tracks
      ADD COLUMN transcribed_ms integer NOT NULL DEFAULT 0 CHECK (transcribed_ms >= 0),
      ADD COLUMN is_transcribed boolean NOT NULL DEFAULT false;

    CREATE TABLE transcript_segments (
      id uuid PRIMARY KEY,
      -- The words go with the track that they were heard in, and so does their key.
      track_id uuid NOT NULL REFERENCES recording_tracks ON DELETE CASCADE,
      recording_id uuid NOT NULL REFERENCES recordings,
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      at timestamptz NOT NULL,
      duration_ms integer NOT NULL CHECK (duration_ms >= 0),
      -- Sealed.
      words bytea NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX transcript_segments_in_order ON transcript_segments (session_id, at, id);
    CREATE INDEX transcript_segments_by_track ON transcript_segments (track_id);
    CREATE INDEX transcript_segments_by_recording ON transcript_segments (recording_id);
    CREATE INDEX transcript_segments_by_person ON transcript_segments (person_id);
    CREATE INDEX transcript_segments_by_age ON transcript_segments (recorded_at);

    -- Whether a host has what it takes to transcribe.
    ALTER TABLE sfu_hosts ADD COLUMN can_transcribe boolean NOT NULL DEFAULT false;
  `);
}
