import type { Knex } from 'knex';

/** A card that pays where credits did not suffice is another wish than that card from the first. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE payments ADD COLUMN asked_method text CHECK (asked_method IN ('card', 'credits'));
  `);
}
