import type { Knex } from 'knex';

/** The sessions of a clinic's calendar, as it counts and pages them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX sessions_by_clinic;
    CREATE INDEX sessions_by_clinic ON sessions (clinic_id, starts_at, id)
      WHERE missed_deadline IS DISTINCT FROM 'hold'`);
}
