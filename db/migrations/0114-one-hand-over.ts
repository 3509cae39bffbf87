import type { Knex } from 'knex';

/**
 * The support session that is about to be opened for a conversation: whoever asks for a human
 * meanwhile, in whatever process, comes to the same one. It is not there yet, so that nothing refers
 * to it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE companion_conversations ADD COLUMN reserved_hand_over uuid');
}
