import type { Knex } from 'knex';

/** Calendars that people subscribe to, outside ones that are read, and the busy times of those. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE calendar_feeds (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid NOT NULL REFERENCES people,
      kind text NOT NULL CHECK (kind IN ('export', 'import')),
      token_hash bytea UNIQUE,
      source_url bytea,
      source_host text,
      etag text,
      last_modified text,
      read_in_full_at timestamptz,
      next_read_at timestamptz,
      last_attempt_at timestamptz,
      last_read_at timestamptz,
      last_error text,
      failing_since timestamptz,
      skipped_events integer NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz,
      CHECK (revoked_at IS NOT NULL OR (kind = 'export') = (token_hash IS NOT NULL)),
      CHECK (revoked_at IS NOT NULL OR (kind = 'import') = (source_url IS NOT NULL))
    );
    CREATE INDEX calendar_feeds_by_person ON calendar_feeds (person_id, id)
      WHERE revoked_at IS NULL;
    CREATE INDEX calendar_feeds_due ON calendar_feeds (next_read_at)
      WHERE kind = 'import' AND revoked_at IS NULL;

    CREATE TABLE external_busy (
      person_id uuid NOT NULL REFERENCES people,
      feed_id uuid NOT NULL REFERENCES calendar_feeds,
      during tstzrange NOT NULL CHECK (NOT isempty(during))
    );
    CREATE INDEX external_busy_by_person ON external_busy USING gist (person_id, during);
    CREATE INDEX external_busy_by_feed ON external_busy (feed_id);
  `);
}
