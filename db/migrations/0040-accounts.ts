import type { Knex } from 'knex';

/** Patients without an account, and what people tell about themselves. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE people ADD COLUMN is_anonymous boolean NOT NULL DEFAULT false;
    -- Sealed: people write here what they like.
    ALTER TABLE people ADD COLUMN bio bytea;

    -- The secret that brings an anonymous patient back; only its digest is known here.
    CREATE TABLE anonymous_sessions (
      person_id uuid PRIMARY KEY REFERENCES people,
      secret_hash bytea NOT NULL UNIQUE,
      created_at timestamptz NOT NULL DEFAULT now(),
      last_used_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX anonymous_sessions_by_use ON anonymous_sessions (last_used_at);
  `);
}
