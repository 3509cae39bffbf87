import type { Knex } from 'knex';

/** What clients read and fill in around their sessions. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE materials (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      type text NOT NULL,
      title text NOT NULL,
      -- A text, an address elsewhere, or both.
      content text,
      url text,
      created_by uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      CHECK (content IS NOT NULL OR url IS NOT NULL)
    );
    CREATE INDEX materials_by_clinic ON materials (clinic_id, id);

    CREATE TABLE session_preparations (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid NOT NULL REFERENCES people,
      purpose text NOT NULL CHECK (purpose IN ('preparation', 'follow_up')),
      title text NOT NULL,
      -- A questionnaire's type, or a material.
      questionnaire_type text,
      material_id uuid REFERENCES materials,
      -- Before the session's start, or after its end.
      due_offset_ms bigint NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      completed_at timestamptz,
      CHECK ((questionnaire_type IS NULL) <> (material_id IS NULL)),
      UNIQUE NULLS NOT DISTINCT (session_id, person_id, purpose, questionnaire_type, material_id)
    );
    CREATE INDEX session_preparations_open ON session_preparations (person_id, questionnaire_type)
      WHERE completed_at IS NULL;
  `);
}
