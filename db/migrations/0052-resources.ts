import type { Knex } from 'knex';

/** Where people find help besides the clinic: hotlines and contacts by place. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE resource_lists (
      clinic_id uuid PRIMARY KEY REFERENCES clinics,
      version integer NOT NULL,
      updated_by uuid REFERENCES people,
      updated_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE crisis_resources (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES resource_lists,
      position smallint NOT NULL,
      kind text NOT NULL CHECK (kind IN
        ('emergency', 'hotline', 'text', 'local', 'specialized', 'educational')),
      title text NOT NULL,
      description text,
      phone text,
      text_line text,
      website text,
      available text,
      languages text[] NOT NULL DEFAULT '{}',
      population text,
      country char(2),
      location text,
      latitude double precision CHECK (latitude BETWEEN -90 AND 90),
      longitude double precision CHECK (longitude BETWEEN -180 AND 180),
      reviewed_on date,
      review_due_on date,
      UNIQUE (clinic_id, position),
      CHECK ((latitude IS NULL) = (longitude IS NULL)),
      CHECK (coalesce(phone, text_line, website) IS NOT NULL)
    );
  `);
}
