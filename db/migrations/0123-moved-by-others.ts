import type { Knex } from 'knex';

/** When others than the client moved a session to its present time: they may think it over. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`ALTER TABLE sessions ADD COLUMN moved_by_others_at timestamptz`);
}
