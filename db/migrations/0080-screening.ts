import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { SHIPPED } from '../../domain/screening/instruments/index.ts';

/** Questionnaires as data, what people answer to them, and what the answers come to. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Never changed: another version is another row. No clinic: shipped, for everybody.
    CREATE TABLE questionnaires (
      id uuid PRIMARY KEY,
      clinic_id uuid REFERENCES clinics,
      type text NOT NULL,
      version integer NOT NULL CHECK (version > 0),
      template jsonb NOT NULL,
      created_by uuid REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE NULLS NOT DISTINCT (clinic_id, type, version)
    );
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON questionnaires
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- What a clinic decides: who is called for a total, and how long an answer may take.
    CREATE TABLE screening_policies (
      clinic_id uuid PRIMARY KEY REFERENCES clinics,
      -- By questionnaire's type and the flag's code: a severity, or null for a review alone.
      alerts jsonb NOT NULL DEFAULT '{}',
      response_hours integer NOT NULL DEFAULT 72 CHECK (response_hours BETWEEN 1 AND 720),
      version integer NOT NULL DEFAULT 1,
      updated_by uuid REFERENCES people,
      updated_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE screening_responses (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid NOT NULL REFERENCES people,
      questionnaire_id uuid NOT NULL REFERENCES questionnaires,
      type text NOT NULL,
      status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'completed', 'expired')),
      -- Sealed: what was answered. Which questions have an answer is no secret.
      answers bytea,
      answered smallint[] NOT NULL DEFAULT '{}',
      -- The gravest that an answer says by itself, until it is replaced; and when a human was
      -- called for it without the response having been completed.
      danger text CHECK (danger IN ('low', 'medium', 'high', 'critical')),
      danger_raised_at timestamptz,
      version integer NOT NULL DEFAULT 1,
      started_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      completed_at timestamptz,
      CHECK ((status = 'completed') = (completed_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX screening_responses_one_open
      ON screening_responses (person_id, questionnaire_id) WHERE status = 'open';
    CREATE INDEX screening_responses_to_expire ON screening_responses (expires_at)
      WHERE status = 'open';
    CREATE INDEX screening_responses_in_danger ON screening_responses (updated_at)
      WHERE status = 'open' AND danger IS NOT NULL AND danger_raised_at IS NULL;
    CREATE INDEX screening_responses_left ON screening_responses
      (clinic_id, type, expires_at, person_id) WHERE completed_at IS NULL;

    CREATE TABLE screening_results (
      id uuid PRIMARY KEY,
      response_id uuid NOT NULL UNIQUE REFERENCES screening_responses,
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid NOT NULL REFERENCES people,
      questionnaire_id uuid NOT NULL REFERENCES questionnaires,
      type text NOT NULL,
      total integer NOT NULL,
      maximum integer NOT NULL,
      percentage real NOT NULL,
      severity text NOT NULL,
      -- Totals by each method and category, and the flags, as codes.
      methods jsonb NOT NULL,
      categories jsonb NOT NULL,
      flags jsonb NOT NULL,
      is_flagged boolean NOT NULL,
      -- Flagged by more than how severe the total is.
      is_flagged_by_item boolean NOT NULL,
      alert_id uuid REFERENCES crisis_alerts,
      review text NOT NULL CHECK (review IN ('none', 'awaited', 'done')),
      decision text,
      -- Sealed.
      review_notes bytea,
      reviewed_by uuid REFERENCES people,
      reviewed_at timestamptz,
      completed_at timestamptz NOT NULL,
      CHECK ((review = 'done') = (reviewed_at IS NOT NULL))
    );
    CREATE INDEX screening_results_by_person
      ON screening_results (person_id, type, completed_at DESC, id DESC);
    CREATE INDEX screening_results_to_review ON screening_results (clinic_id, completed_at, id)
      WHERE review = 'awaited';
  `);
  const rows = SHIPPED.map((template) => ({
    id: newId(),
    type: template.type,
    version: 1,
    template: JSON.stringify(template),
  }));
  await knex('questionnaires').insert(rows);
}
