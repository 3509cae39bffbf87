import type { Knex } from 'knex';

/** Serves the admins' list of people, and that of helpers who wait to be verified. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX people_of_clinic ON people (clinic_id, id);
    CREATE INDEX people_unverified ON people (clinic_id, id)
      WHERE role IN ('peer', 'counselor') AND verified_at IS NULL AND suspended_at IS NULL;
  `);
}
