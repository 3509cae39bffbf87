import type { Knex } from 'knex';

/** Crisis alerts: what was reported, where each stands, whom it paged, what happened when. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Case numbers are given once: a number whose alert was rolled back is not given again.
    CREATE SEQUENCE crisis_alert_numbers;
    CREATE SEQUENCE crisis_intervention_numbers;

    CREATE TABLE crisis_alerts (
      id uuid PRIMARY KEY,
      number text NOT NULL UNIQUE CHECK (number ~ '^CA-[0-9]{4}-[0-9]{6,}$'),
      clinic_id uuid NOT NULL REFERENCES clinics,
      person_id uuid NOT NULL REFERENCES people,
      severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
      type text NOT NULL,
      -- The support session it came from, if any.
      session_id uuid,
      is_drill boolean NOT NULL DEFAULT false,
      -- As the alert's workflow last wrote it; an older version never overwrites a newer one.
      status text NOT NULL DEFAULT 'paging'
        CHECK (status IN ('paging', 'held', 'in_contact', 'resolved')),
      state jsonb,
      version integer NOT NULL DEFAULT 0,
      holder_id uuid REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      first_page_at timestamptz,
      last_page_at timestamptz,
      acknowledged_at timestamptz,
      acknowledged_by uuid REFERENCES people,
      contact_at timestamptz,
      resolved_at timestamptz,
      resolved_by uuid REFERENCES people,
      outcome text,
      -- Sealed: what the reports and the resolution say in words.
      details bytea,
      CHECK ((status = 'resolved') = (resolved_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX crisis_alerts_one_open ON crisis_alerts (person_id)
      WHERE status <> 'resolved' AND NOT is_drill;
    CREATE INDEX crisis_alerts_by_clinic ON crisis_alerts (clinic_id, created_at, id);
    CREATE INDEX crisis_alerts_unanswered ON crisis_alerts (created_at) WHERE status = 'paging';
    CREATE INDEX crisis_alerts_by_session ON crisis_alerts (session_id)
      WHERE session_id IS NOT NULL;

    -- Each report of an alert: the first one and those that came while it was open.
    CREATE TABLE crisis_triggers (
      id uuid PRIMARY KEY,
      alert_id uuid NOT NULL REFERENCES crisis_alerts,
      clinic_id uuid NOT NULL REFERENCES clinics,
      severity text NOT NULL,
      source text NOT NULL,
      session_id uuid,
      message_id uuid,
      reported_by uuid REFERENCES people,
      -- Sealed: the words, the place, the evidence.
      details bytea,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX crisis_triggers_by_alert ON crisis_triggers (alert_id, created_at);
    CREATE INDEX crisis_triggers_by_message ON crisis_triggers (message_id)
      WHERE message_id IS NOT NULL;

    -- One page: one person, one channel, one round. By the workflow's batches or the auditor.
    CREATE TABLE crisis_pages (
      id uuid PRIMARY KEY,
      alert_id uuid NOT NULL REFERENCES crisis_alerts,
      sent_by text NOT NULL CHECK (sent_by IN ('workflow', 'auditor')),
      batch integer NOT NULL,
      tier integer NOT NULL,
      person_id uuid NOT NULL REFERENCES people,
      channel text NOT NULL CHECK (channel IN ('socket', 'sms', 'voice')),
      state text NOT NULL CHECK (state IN
        ('sending', 'sent', 'delivered', 'failed', 'unanswered', 'answered', 'stopped')),
      -- The digest of what a text's reader sends back.
      code_hash bytea,
      provider_id text,
      error_code text,
      created_at timestamptz NOT NULL DEFAULT now(),
      settled_at timestamptz,
      UNIQUE (alert_id, sent_by, batch, person_id, channel)
    );
    CREATE INDEX crisis_pages_by_provider ON crisis_pages (provider_id)
      WHERE provider_id IS NOT NULL;
    CREATE INDEX crisis_pages_by_code ON crisis_pages (person_id, code_hash)
      WHERE code_hash IS NOT NULL;

    -- What happened to an alert, in order: codes, ids and instants.
    CREATE TABLE crisis_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      alert_id uuid NOT NULL REFERENCES crisis_alerts,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      kind text NOT NULL,
      actor_id uuid REFERENCES people,
      via text,
      data jsonb NOT NULL DEFAULT '{}'
    );
    CREATE INDEX crisis_events_by_alert ON crisis_events (alert_id, id);
  `);
}
