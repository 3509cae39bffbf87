import type { Knex } from 'knex';

/** Data keys of encrypted objects; the append-only audit record and the seals over it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Every field key that ever wrapped a data key. A retired one stays as a tombstone,
    -- so that a process with an old key file can't wrap with it again.
    CREATE TABLE field_keys (
      id text PRIMARY KEY,
      created_at timestamptz NOT NULL DEFAULT now(),
      retired_at timestamptz
    );

    CREATE TABLE data_keys (
      purpose text NOT NULL,
      object_id uuid NOT NULL,
      key_id text NOT NULL REFERENCES field_keys,
      wrapped bytea NOT NULL,
      created_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (purpose, object_id)
    );
    CREATE INDEX data_keys_by_field_key ON data_keys (key_id);

    -- xid orders the record for the sealer: all rows below the oldest running
    -- transaction are final, whatever order their ids were given in.
    CREATE TABLE audit_entries (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      clinic_id uuid,
      actor_id uuid,
      actor_role text NOT NULL,
      action text NOT NULL,
      object_type text NOT NULL,
      object_id text,
      subject_id uuid,
      outcome text NOT NULL CHECK (outcome IN ('allowed', 'denied')),
      request_id text,
      changes jsonb
    );
    CREATE INDEX audit_entries_by_xid ON audit_entries (xid, id);

    -- ids and digests list the sealed rows one by one (32 bytes of SHA-256 each), so that
    -- verification can name the row; chain covers them and the seal before.
    CREATE TABLE audit_seals (
      number bigint PRIMARY KEY CHECK (number > 0),
      sealed_at timestamptz NOT NULL,
      database_id text NOT NULL,
      after_id bigint NOT NULL,
      from_xid xid8 NOT NULL,
      to_xid xid8 NOT NULL,
      ids bigint[] NOT NULL,
      digests bytea NOT NULL,
      key_id text NOT NULL,
      chain bytea NOT NULL,
      CHECK (octet_length(digests) = 32 * cardinality(ids))
    );

    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
    END $$;

    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  `);
}
