import type { Knex } from 'knex';

/** Nothing is noted any more about a session whose client was erased. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION refuse_erased_in_session_notes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM refuse_erased((SELECT client_id FROM sessions WHERE id = NEW.session_id));
      RETURN NEW;
    END $$;
    CREATE TRIGGER not_for_erased BEFORE INSERT OR UPDATE OF body ON session_notes FOR EACH ROW
      EXECUTE FUNCTION refuse_erased_in_session_notes();
  `);
}
