import type { Knex } from 'knex';

/** Who wrote an alert's state last: a step that is written again, because its answer was lost, is known. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE crisis_alerts ADD COLUMN written_by text;
    -- A call that an alert's workflow has started and that is still to be hung up when it is answered.
    CREATE INDEX crisis_pages_under_way ON crisis_pages (alert_id)
      WHERE state IN ('sending', 'sent');
  `);
}
