import type { Knex } from 'knex';

/** What was sent, what needs a human, what goes out, and which requests were already answered. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sends (
      key text PRIMARY KEY,
      session_id uuid REFERENCES sessions,
      recipient_id uuid NOT NULL REFERENCES people,
      kind text NOT NULL,
      channel text NOT NULL CHECK (channel IN ('sms', 'email')),
      schedule_version integer,
      state text NOT NULL CHECK (state IN
        ('sending', 'sent', 'delivered', 'failed', 'ambiguous', 'skipped')),
      reason text,
      provider_ref text UNIQUE,
      due_at timestamptz,
      sent_at timestamptz,
      settled_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX sends_by_session ON sends (session_id, created_at);

    CREATE TABLE tasks (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      key text NOT NULL UNIQUE,
      kind text NOT NULL,
      session_id uuid REFERENCES sessions,
      payment_id uuid REFERENCES payments,
      data jsonb NOT NULL DEFAULT '{}',
      state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
      note bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      done_at timestamptz,
      done_by uuid REFERENCES people
    );
    CREATE INDEX tasks_by_state ON tasks (clinic_id, state, created_at, id);

    CREATE TABLE outbox (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      topic text NOT NULL,
      clinic_id uuid NOT NULL REFERENCES clinics,
      payload jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      dispatched_at timestamptz
    );
    CREATE INDEX outbox_waiting ON outbox (id) WHERE dispatched_at IS NULL;

    CREATE TABLE idempotency_keys (
      caller text NOT NULL,
      route text NOT NULL,
      key text NOT NULL,
      body_hash bytea NOT NULL,
      object_id uuid NOT NULL,
      status smallint,
      response bytea,
      locked_until timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (caller, route, key)
    );
    CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
  `);
}
