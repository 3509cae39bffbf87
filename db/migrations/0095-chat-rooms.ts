import type { Knex } from 'knex';

/** A support session that several members of a group share after they have met; it never runs out. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE support_sessions ADD COLUMN is_chat_room boolean NOT NULL DEFAULT false;
    ALTER TABLE support_participants DROP CONSTRAINT support_participants_role_check;
    ALTER TABLE support_participants ADD CONSTRAINT support_participants_role_check
      CHECK (role IN ('patient', 'helper', 'joined', 'member'));
  `);
}
