import type { Knex } from 'knex';

/**
 * Groups, and members of group sessions who each have a life of their own: a status, a payment,
 * a workflow. An enrolment without a `status` goes along with its session.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE therapy_groups (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      name text NOT NULL,
      theme text NOT NULL,
      guidelines jsonb NOT NULL DEFAULT '[]',
      materials jsonb NOT NULL DEFAULT '[]',
      format text NOT NULL CHECK (format IN ('video', 'audio', 'chat', 'in_person')),
      capacity smallint NOT NULL CHECK (capacity BETWEEN 1 AND 100),
      min_members smallint NOT NULL DEFAULT 0 CHECK (min_members BETWEEN 0 AND capacity),
      decide_before_minutes integer NOT NULL CHECK (decide_before_minutes >= 0),
      duration_minutes smallint NOT NULL CHECK (duration_minutes BETWEEN 1 AND 480),
      price_cents integer CHECK (price_cents >= 0),
      joinable_by text NOT NULL CHECK (joinable_by IN ('anyone', 'clients')),
      time_zone text NOT NULL,
      weekly_times jsonb NOT NULL DEFAULT '[]',
      is_active boolean NOT NULL DEFAULT true,
      version integer NOT NULL DEFAULT 1,
      created_by uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX therapy_groups_by_clinic ON therapy_groups (clinic_id, id);

    ALTER TABLE sessions
      ADD COLUMN group_id uuid REFERENCES therapy_groups,
      ADD COLUMN group_terms jsonb,
      ADD CHECK ((group_id IS NULL) = (group_terms IS NULL));
    CREATE INDEX sessions_by_group ON sessions (group_id, starts_at) WHERE group_id IS NOT NULL;

    ALTER TABLE enrolments
      ADD COLUMN status text CHECK (status IN ('awaiting_payment', 'confirmed', 'in_progress',
        'completed', 'expired', 'cancelled', 'no_show')),
      ADD COLUMN payment text
        CHECK (payment IN ('not_due', 'due', 'saved', 'authorised', 'captured')),
      ADD COLUMN due_cents integer CHECK (due_cents >= 0),
      ADD COLUMN payment_due_at timestamptz,
      ADD COLUMN version integer NOT NULL DEFAULT 1,
      ADD COLUMN missed_deadline text,
      ADD COLUMN cancelled_by text,
      ADD COLUMN attendance text,
      ADD COLUMN alias text,
      ADD COLUMN last_reason bytea,
      ADD COLUMN workflow_started_at timestamptz,
      ADD CHECK ((status IS NULL) = (alias IS NULL)),
      DROP CONSTRAINT enrolments_session_id_person_id_key;
    CREATE UNIQUE INDEX enrolments_once ON enrolments (session_id, person_id)
      WHERE state NOT IN ('left', 'cancelled');
    CREATE INDEX enrolments_by_session ON enrolments (session_id);
    CREATE INDEX seats_by_person ON enrolments (person_id, session_id) WHERE status IS NOT NULL;
    CREATE INDEX seats_that_run ON enrolments (created_at)
      WHERE status IN ('awaiting_payment', 'confirmed', 'in_progress');

    ALTER TABLE payments ADD COLUMN enrolment_id uuid REFERENCES enrolments;
    ALTER TABLE session_events ADD COLUMN enrolment_id uuid REFERENCES enrolments;

    -- Seats in groups count among what a client has open, like sessions of their own.
    CREATE OR REPLACE FUNCTION count_open_sessions(
      client uuid, day_start timestamptz, day_end timestamptz, OUT open int, OUT today int
    ) LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(client::text, 1));
      SELECT count(*) FILTER (WHERE status <> 'planned'),
          count(*) FILTER (WHERE starts_at >= day_start AND starts_at < day_end)
        INTO open, today FROM (
          SELECT status, starts_at FROM sessions
          WHERE client_id = client AND ends_at > now() AND status IN
            ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')
          UNION ALL
          SELECT seat.status, starts_at FROM enrolments seat
            JOIN sessions ON sessions.id = seat.session_id
          WHERE seat.person_id = client AND ends_at > now()
            AND seat.status IN ('awaiting_payment', 'confirmed', 'in_progress')) mine;
    END $$;
  `);
}
