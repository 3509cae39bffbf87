import type { Knex } from 'knex';

/** What is shown of a clinic's whole months, written once when a month is over. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE screening_months (
      clinic_id uuid NOT NULL REFERENCES clinics,
      type text NOT NULL,
      -- The first day, in the clinic's zone.
      month date NOT NULL,
      -- Null for a month with too few people.
      shown jsonb,
      closed_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (clinic_id, type, month)
    );
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON screening_months
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- By how severe the total is, which the band tells as well.
    ALTER TABLE screening_results
      ADD COLUMN is_flagged_by_total boolean NOT NULL DEFAULT false,
      DROP COLUMN is_flagged_by_item;

    -- A month is read from the index alone.
    CREATE INDEX screening_results_by_month ON screening_results
      (clinic_id, type, completed_at, person_id)
      INCLUDE (total, percentage, severity, is_flagged, is_flagged_by_total);
    CREATE INDEX screening_results_awaited ON screening_results
      (clinic_id, type, completed_at, person_id) WHERE review = 'awaited';
  `);
}
