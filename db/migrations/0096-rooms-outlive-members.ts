import type { Knex } from 'knex';

/** A chat room is not its first member's: what is written there goes on when that one was erased. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION refuse_texts_in_support_sessions() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT NEW.is_chat_room THEN PERFORM refuse_erased(NEW.patient_id); END IF;
      RETURN NEW;
    END $$;
  `);
}
