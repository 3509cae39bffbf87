import type { Knex } from 'knex';

/** Who is on call when, and whom an alert pages in which order. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE rosters (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      name text NOT NULL,
      rotations jsonb NOT NULL,
      version integer NOT NULL DEFAULT 1,
      created_by uuid REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX rosters_by_clinic ON rosters (clinic_id, id);

    CREATE TABLE roster_overrides (
      id uuid PRIMARY KEY,
      -- Ids are made where requests arrive: of overrides that meet, the one stored later counts.
      position bigint GENERATED ALWAYS AS IDENTITY,
      roster_id uuid NOT NULL REFERENCES rosters,
      person_id uuid NOT NULL REFERENCES people,
      instead_of uuid REFERENCES people,
      starts_at timestamptz NOT NULL,
      ends_at timestamptz NOT NULL,
      created_by uuid REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      CHECK (starts_at < ends_at)
    );
    CREATE INDEX roster_overrides_by_end ON roster_overrides (roster_id, ends_at);

    CREATE TABLE escalation_policies (
      clinic_id uuid PRIMARY KEY REFERENCES clinics,
      -- By severity; one that is missing is as the product's default has it.
      policies jsonb NOT NULL,
      version integer NOT NULL,
      updated_by uuid REFERENCES people,
      updated_at timestamptz NOT NULL DEFAULT now()
    );
  `);
}
