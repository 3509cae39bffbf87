import type { Knex } from 'knex';

/** Who still has to hear of an outgoing event, and the addresses that clinics have them sent to. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE outbox_deliveries (
      consumer text NOT NULL,
      outbox_id bigint NOT NULL REFERENCES outbox,
      attempts integer NOT NULL DEFAULT 0,
      due_at timestamptz NOT NULL DEFAULT now(),
      last_error text,
      PRIMARY KEY (outbox_id, consumer)
    );
    CREATE INDEX outbox_deliveries_due ON outbox_deliveries (consumer, due_at);

    CREATE TABLE webhooks (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      url text NOT NULL,
      event_types text[] NOT NULL,
      include_text boolean NOT NULL DEFAULT false,
      secret bytea NOT NULL,
      previous_secret bytea,
      previous_secret_until timestamptz,
      state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
      failing_since timestamptz,
      created_by uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX webhooks_by_clinic ON webhooks (clinic_id, id);

    CREATE TABLE webhook_deliveries (
      id uuid PRIMARY KEY,
      webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
      outbox_id bigint NOT NULL,
      session_id uuid NOT NULL,
      client_id uuid NOT NULL,
      event_type text NOT NULL,
      body bytea NOT NULL,
      state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
      attempts integer NOT NULL DEFAULT 0,
      due_at timestamptz NOT NULL DEFAULT now(),
      status_code smallint,
      last_error text,
      last_attempt_at timestamptz,
      delivered_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (webhook_id, outbox_id, client_id)
    );
    CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';
    CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_id, session_id, outbox_id)
      WHERE state = 'pending';
    CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, id);
  `);
  await knex.raw(SESSION_NEWS);
  await knex.raw(AVAILABILITY_NEWS);
}

/**
 * What a step's own event cannot tell is what was before: a move tells both times, and a hold that
 * somebody has taken up begins an appointment. Neither is in the way of an ordinary step.
 */
const SESSION_NEWS = `
  CREATE FUNCTION note_session_moved() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO outbox (topic, clinic_id, payload) VALUES ('session.moved', NEW.clinic_id,
      jsonb_build_object('sessionId', NEW.id, 'version', NEW.version,
        'oldTherapistId', OLD.therapist_id, 'newTherapistId', NEW.therapist_id,
        'oldStartsAt', (extract(epoch FROM OLD.starts_at) * 1000)::bigint,
        'oldEndsAt', (extract(epoch FROM OLD.ends_at) * 1000)::bigint,
        'newStartsAt', (extract(epoch FROM NEW.starts_at) * 1000)::bigint,
        'newEndsAt', (extract(epoch FROM NEW.ends_at) * 1000)::bigint));
    RETURN NULL;
  END $$;
  CREATE TRIGGER sessions_moved AFTER UPDATE OF starts_at, ends_at, therapist_id ON sessions
    FOR EACH ROW WHEN ((OLD.starts_at, OLD.ends_at, OLD.therapist_id)
      IS DISTINCT FROM (NEW.starts_at, NEW.ends_at, NEW.therapist_id))
    EXECUTE FUNCTION note_session_moved();

  CREATE FUNCTION note_hold_taken_up() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO outbox (topic, clinic_id, payload) VALUES ('session.taken_up', NEW.clinic_id,
      jsonb_build_object('sessionId', NEW.id, 'status', NEW.status, 'version', NEW.version,
        'startsAt', (extract(epoch FROM NEW.starts_at) * 1000)::bigint,
        'endsAt', (extract(epoch FROM NEW.ends_at) * 1000)::bigint));
    RETURN NULL;
  END $$;
  CREATE TRIGGER sessions_taken_up AFTER UPDATE OF status ON sessions
    FOR EACH ROW WHEN (OLD.status = 'held'
      AND NEW.status IN ('requested', 'awaiting_payment', 'confirmed', 'in_progress'))
    EXECUTE FUNCTION note_hold_taken_up();
`;

/** Whoever changes when a therapist works changes the therapist's slots, whichever door they use. */
const AVAILABILITY_NEWS = `
  CREATE FUNCTION note_availability(therapist uuid, change jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (topic, clinic_id, payload)
    SELECT 'availability.changed', clinic_id, jsonb_build_object('therapistId', therapist) || change
    FROM therapist_profiles WHERE person_id = therapist;
  $$;

  CREATE FUNCTION note_rule_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      PERFORM note_availability(OLD.therapist_id, jsonb_build_object('dayOfWeek', OLD.day_of_week));
    END IF;
    IF TG_OP <> 'DELETE' THEN
      PERFORM note_availability(NEW.therapist_id, jsonb_build_object('dayOfWeek', NEW.day_of_week));
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER availability_rules_changed AFTER INSERT OR UPDATE OR DELETE ON availability_rules
    FOR EACH ROW EXECUTE FUNCTION note_rule_change();

  CREATE FUNCTION note_exception_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      PERFORM note_availability(OLD.therapist_id,
        jsonb_build_object('fromDate', OLD.start_date, 'toDate', OLD.end_date));
    END IF;
    IF TG_OP <> 'DELETE' THEN
      PERFORM note_availability(NEW.therapist_id,
        jsonb_build_object('fromDate', NEW.start_date, 'toDate', NEW.end_date));
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER availability_exceptions_changed
    AFTER INSERT OR UPDATE OR DELETE ON availability_exceptions
    FOR EACH ROW EXECUTE FUNCTION note_exception_change();

  CREATE FUNCTION note_profile_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM note_availability(NEW.person_id, '{}');
    RETURN NULL;
  END $$;
  CREATE TRIGGER therapist_profiles_changed
    AFTER UPDATE OF time_zone, buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes,
      durations_minutes, accepts_clients, verified_at ON therapist_profiles
    FOR EACH ROW WHEN ((OLD.time_zone, OLD.buffer_before_minutes, OLD.buffer_after_minutes,
        OLD.minimum_notice_minutes, OLD.durations_minutes, OLD.accepts_clients, OLD.verified_at)
      IS DISTINCT FROM (NEW.time_zone, NEW.buffer_before_minutes, NEW.buffer_after_minutes,
        NEW.minimum_notice_minutes, NEW.durations_minutes, NEW.accepts_clients, NEW.verified_at))
    EXECUTE FUNCTION note_profile_change();
`;
