import type { Knex } from 'knex';

/** Each address is looked at by itself, so that one with a long backlog holds up no other. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX webhook_deliveries_due;
    CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at)
      WHERE state = 'pending';
  `);
}
