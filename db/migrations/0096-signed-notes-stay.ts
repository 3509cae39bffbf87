import type { Knex } from 'knex';

/** What is signed off is closed as a whole, its text included. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION keep_session_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.signed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a note that is signed off stays as it is';
      END IF;
      RETURN NEW;
    END $$;
  `);
}
