import type { Knex } from 'knex';

/** What was found at reviews is read again, page by page, as what waits for one is. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX screening_results_flagged ON screening_results (clinic_id, completed_at, id)
      WHERE review <> 'none'
  `);
}
