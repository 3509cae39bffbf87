import type { Knex } from 'knex';

/** Live support: a patient who waits, a helper who accepts, and who else takes part. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE support_sessions (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      patient_id uuid NOT NULL REFERENCES people,
      helper_id uuid REFERENCES people,
      type text NOT NULL
        CHECK (type IN ('peer_support', 'counselor_session', 'crisis_intervention')),
      helper_type text NOT NULL CHECK (helper_type IN ('peer', 'counselor', 'chatbot')),
      severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
      status text NOT NULL CHECK (status IN ('waiting', 'active', 'closed', 'cancelled')),
      is_escalated boolean NOT NULL DEFAULT false,
      is_anonymous boolean NOT NULL DEFAULT false,
      -- Sealed JSON: title, description, tags, preferences.
      details bytea,
      -- Sealed: what helpers note, and what the patient says at the end.
      notes bytea,
      feedback bytea,
      rating smallint CHECK (rating BETWEEN 1 AND 5),
      -- The number of the last message: messages are numbered under a lock on this row.
      message_count integer NOT NULL DEFAULT 0,
      declines_count integer NOT NULL DEFAULT 0,
      version integer NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(),
      accepted_at timestamptz,
      last_activity_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      end_reason text,
      CHECK ((status IN ('closed', 'cancelled')) = (ended_at IS NOT NULL))
    );
    CREATE INDEX support_sessions_waiting ON support_sessions (clinic_id, created_at)
      WHERE status = 'waiting';
    CREATE INDEX support_sessions_by_patient ON support_sessions (patient_id, created_at);
    CREATE INDEX support_sessions_by_helper ON support_sessions (helper_id, created_at)
      WHERE helper_id IS NOT NULL;

    -- Whoever may read and write in it: the patient, the helper, and those who joined.
    CREATE TABLE support_participants (
      session_id uuid NOT NULL REFERENCES support_sessions,
      person_id uuid NOT NULL REFERENCES people,
      role text NOT NULL CHECK (role IN ('patient', 'helper', 'joined')),
      joined_at timestamptz NOT NULL DEFAULT now(),
      left_at timestamptz,
      PRIMARY KEY (session_id, person_id)
    );
    CREATE INDEX support_participants_by_person ON support_participants (person_id, session_id);
  `);
}
