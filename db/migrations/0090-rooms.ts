import type { Knex } from 'knex';

/** The hosts of video rooms, and which of them has which room. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sfu_hosts (
      id uuid PRIMARY KEY,
      -- Where browsers reach the host's signalling.
      signaling_url text NOT NULL,
      cores integer NOT NULL CHECK (cores > 0),
      -- Share of all its cores that is busy, 0 to 1.
      load double precision NOT NULL DEFAULT 0 CHECK (load BETWEEN 0 AND 1),
      state text NOT NULL CHECK (state IN ('active', 'draining', 'gone')),
      lease_until timestamptz NOT NULL,
      started_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX sfu_hosts_active ON sfu_hosts (lease_until) WHERE state = 'active';

    -- One row a session of whichever kind. Each placement has an epoch of its own; at most the latest is
    -- live, and only until its lease ends by the database's clock.
    CREATE TABLE rooms (
      session_id uuid PRIMARY KEY,
      host_id uuid NOT NULL REFERENCES sfu_hosts,
      epoch integer NOT NULL CHECK (epoch > 0),
      state text NOT NULL CHECK (state IN ('open', 'closed')),
      lease_until timestamptz NOT NULL,
      opened_at timestamptz NOT NULL DEFAULT now(),
      closed_at timestamptz,
      CHECK ((state = 'closed') = (closed_at IS NOT NULL))
    );
    CREATE INDEX rooms_by_host ON rooms (host_id) WHERE state = 'open';
  `);
}
