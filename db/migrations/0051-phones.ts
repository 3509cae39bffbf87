import type { Knex } from 'knex';

/** Codes by which people prove that a phone is theirs. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE phone_verifications (
      id uuid PRIMARY KEY,
      person_id uuid NOT NULL REFERENCES people,
      phone text NOT NULL CHECK (phone ~ '^\\+[1-9][0-9]{6,14}$'),
      channel text NOT NULL CHECK (channel IN ('sms', 'voice')),
      code_hash text NOT NULL,
      -- Sealed, for a call that has to say it; gone once it has been said.
      spoken_code bytea,
      attempts smallint NOT NULL DEFAULT 0,
      expires_at timestamptz NOT NULL,
      confirmed_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX phone_verifications_by_person ON phone_verifications (person_id, created_at);
  `);
}
