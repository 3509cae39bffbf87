import type { Knex } from 'knex';

/**
 * Where a series has put each of its occurrences. One that is elsewhere was moved by itself, at
 * whatever door. Null where that is not known any more: it keeps its own time.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE series_occurrences
      ADD COLUMN agreed_starts_at timestamptz,
      ADD COLUMN agreed_ends_at timestamptz;
    UPDATE series_occurrences occurrence
      SET agreed_starts_at = sessions.starts_at, agreed_ends_at = sessions.ends_at
      FROM sessions WHERE sessions.id = occurrence.session_id AND NOT occurrence.is_moved;
    ALTER TABLE series_occurrences DROP COLUMN is_moved;
  `);
}
