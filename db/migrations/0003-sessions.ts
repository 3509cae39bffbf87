import type { Knex } from 'knex';

/** Policies, sessions, enrolments, and the one claim table that keeps calendars from colliding. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE policies (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      name text NOT NULL,
      door text CHECK (door IN ('therapy', 'booking', 'scheduling', 'teletherapy', 'crisis')),
      session_type text,
      plan jsonb NOT NULL,
      version integer NOT NULL DEFAULT 1,
      is_active boolean NOT NULL DEFAULT true,
      created_by uuid REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX policies_by_use ON policies
      (clinic_id, coalesce(door, ''), coalesce(session_type, '')) WHERE is_active;

    CREATE TABLE sessions (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      door text NOT NULL,
      session_type text NOT NULL,
      format text NOT NULL CHECK (format IN ('video', 'audio', 'chat', 'in_person')),
      specialization text,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      client_id uuid REFERENCES people,
      starts_at timestamptz NOT NULL,
      ends_at timestamptz NOT NULL,
      time_zone text NOT NULL,
      status text NOT NULL CHECK (status IN ('planned', 'held', 'requested', 'awaiting_payment',
        'confirmed', 'in_progress', 'completed', 'declined', 'expired', 'cancelled', 'no_show')),
      approval text NOT NULL CHECK (approval IN ('not_needed', 'awaited', 'given')),
      payment text NOT NULL
        CHECK (payment IN ('not_due', 'due', 'saved', 'authorised', 'captured')),
      plan jsonb NOT NULL,
      price_cents integer NOT NULL CHECK (price_cents >= 0),
      due_cents integer NOT NULL CHECK (due_cents >= 0),
      currency char(3) NOT NULL,
      hold_due_at timestamptz,
      answer_due_at timestamptz,
      payment_due_at timestamptz,
      proposed_starts_at timestamptz,
      proposed_ends_at timestamptz,
      proposal_due_at timestamptz,
      schedule_version integer NOT NULL DEFAULT 1,
      version integer NOT NULL DEFAULT 1,
      missed_deadline text,
      cancelled_by text,
      attendance text,
      room_code text NOT NULL,
      details bytea,
      last_reason bytea,
      workflow_started_at timestamptz,
      created_by uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (starts_at < ends_at)
    );
    CREATE INDEX sessions_by_client ON sessions (client_id, starts_at DESC, id DESC);
    CREATE INDEX sessions_by_therapist ON sessions (therapist_id, starts_at DESC, id DESC);
    CREATE INDEX sessions_without_workflow ON sessions (created_at)
      WHERE workflow_started_at IS NULL AND status <> 'planned';

    CREATE TABLE enrolments (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      state text NOT NULL CHECK (state IN
        ('invited', 'reserved', 'confirmed', 'attended', 'absent', 'left', 'cancelled')),
      consents jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (session_id, person_id)
    );
    CREATE INDEX enrolments_by_person ON enrolments (person_id, session_id);

    CREATE TABLE claims (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      person_id uuid NOT NULL REFERENCES people,
      session_id uuid NOT NULL REFERENCES sessions DEFERRABLE INITIALLY DEFERRED,
      during tstzrange NOT NULL CHECK (NOT isempty(during)),
      slot text NOT NULL DEFAULT 'current' CHECK (slot IN ('current', 'proposed')),
      state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'released')),
      expires_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT claims_never_collide EXCLUDE USING gist
        (person_id WITH =, session_id WITH <>, during WITH &&) WHERE (state = 'active')
    );
    CREATE INDEX claims_by_session ON claims (session_id) WHERE state = 'active';
    CREATE INDEX claims_by_person ON claims USING gist (person_id, during) WHERE state = 'active';

    CREATE TABLE session_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES sessions,
      at timestamptz NOT NULL DEFAULT now(),
      kind text NOT NULL,
      actor_id uuid REFERENCES people,
      data jsonb NOT NULL DEFAULT '{}'
    );
    CREATE INDEX session_events_in_order ON session_events (session_id, id);

    CREATE TABLE ratings (
      session_id uuid NOT NULL REFERENCES sessions,
      person_id uuid NOT NULL REFERENCES people,
      stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
      comment bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (session_id, person_id)
    );

    CREATE TABLE insurance_authorisations (
      id uuid PRIMARY KEY,
      client_id uuid NOT NULL REFERENCES people,
      payer text NOT NULL,
      number text NOT NULL,
      valid_from date NOT NULL,
      valid_to date NOT NULL,
      sessions_granted smallint NOT NULL CHECK (sessions_granted >= 0),
      sessions_used smallint NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(),
      CHECK (sessions_used BETWEEN 0 AND sessions_granted),
      CHECK (valid_from <= valid_to),
      UNIQUE (client_id, payer, number)
    );

    CREATE TABLE coverage_checks (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL UNIQUE REFERENCES sessions,
      client_id uuid NOT NULL REFERENCES people,
      payer text NOT NULL,
      member bytea,
      status text NOT NULL,
      copay_cents integer CHECK (copay_cents >= 0),
      checked_at timestamptz NOT NULL DEFAULT now()
    );
  `);
}
