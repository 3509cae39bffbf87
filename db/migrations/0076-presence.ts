import type { Knex } from 'knex';

/** Who is there: told by processes that live as long as they say so, known by edges. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A process that serves sockets. When its lease ends, so does the presence of its people.
    CREATE TABLE presence_processes (
      id uuid PRIMARY KEY,
      lease_until timestamptz NOT NULL
    );

    -- Somebody with at least one socket in a process, however many.
    CREATE TABLE presence_leases (
      person_id uuid NOT NULL REFERENCES people,
      process_id uuid NOT NULL REFERENCES presence_processes ON DELETE CASCADE,
      PRIMARY KEY (person_id, process_id)
    );
    CREATE INDEX presence_leases_by_process ON presence_leases (process_id);

    -- What others were told last of somebody. A short absence is none.
    CREATE TABLE presence (
      person_id uuid PRIMARY KEY REFERENCES people,
      is_online boolean NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now(),
      absent_since timestamptz
    );
    CREATE INDEX presence_online ON presence (person_id) WHERE is_online;
  `);
}
