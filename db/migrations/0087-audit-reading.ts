import type { Knex } from 'knex';

/** What the audit record is read by: each index gives its rows in the order of a page. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX audit_entries_of_clinic ON audit_entries (clinic_id, at, id);
    CREATE INDEX audit_entries_by_action ON audit_entries (clinic_id, action, at, id);
    CREATE INDEX audit_entries_by_actor ON audit_entries (actor_id, at, id)
      WHERE actor_id IS NOT NULL;
    CREATE INDEX audit_entries_by_subject ON audit_entries (subject_id, at, id)
      WHERE subject_id IS NOT NULL;
    CREATE INDEX audit_entries_by_object ON audit_entries (object_id, at, id)
      WHERE object_id IS NOT NULL;
  `);
}
