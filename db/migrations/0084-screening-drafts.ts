import type { Knex } from 'knex';

/** What makes completing a questionnaire one statement. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What the answers come to, from the last one on, where nothing in it has to be looked at.
    ALTER TABLE screening_responses ADD COLUMN draft jsonb;

    -- A result takes these from its response, to which it stays bound, and which is bound to them.
    ALTER TABLE screening_results
      DROP CONSTRAINT screening_results_clinic_id_fkey,
      DROP CONSTRAINT screening_results_person_id_fkey,
      DROP CONSTRAINT screening_results_questionnaire_id_fkey;
  `);
}
