import type { Knex } from 'knex';

/** Where the socket adapter puts broadcasts that are too large for a notice. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE socket_io_attachments (
      id bigserial UNIQUE,
      created_at timestamptz NOT NULL DEFAULT now(),
      payload bytea
    );
  `);
}
