import type { Knex } from 'knex';

/** What was written in sessions is let go of in its time, which is looked for by age. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX session_chat_by_age ON session_chat (recorded_at)');
}
