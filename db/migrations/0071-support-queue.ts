import type { Knex } from 'knex';

/** The queue of live support: since when somebody waits, who declined, what was escalated. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE support_sessions
      -- When it began to wait, the last time: it may wait again after its helper has gone.
      ADD COLUMN waiting_since timestamptz NOT NULL DEFAULT now(),
      -- Its helper has gone: it comes before others of its severity.
      ADD COLUMN is_returned boolean NOT NULL DEFAULT false,
      ADD COLUMN escalated_at timestamptz,
      -- Both sides were asked whether they are still there, after this activity.
      ADD COLUMN idle_asked_at timestamptz,
      -- What the helper says at the end; the patient's is in the columns without the prefix.
      ADD COLUMN helper_rating smallint CHECK (helper_rating BETWEEN 1 AND 5),
      ADD COLUMN helper_feedback bytea,
      ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
    CREATE INDEX support_sessions_handled ON support_sessions (clinic_id, ended_at)
      WHERE status = 'closed';

    -- The last sign of life in this session, apart from what sockets tell of it.
    ALTER TABLE support_participants
      ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now();

    -- Helpers who look at the queue without a socket are there all the same.
    CREATE TABLE support_helpers_seen (
      person_id uuid PRIMARY KEY REFERENCES people,
      seen_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE support_declines (
      session_id uuid NOT NULL REFERENCES support_sessions,
      person_id uuid NOT NULL REFERENCES people,
      -- Sealed under the conversation's key.
      reason bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (session_id, person_id)
    );

    CREATE TABLE support_escalations (
      id uuid PRIMARY KEY,
      session_id uuid NOT NULL REFERENCES support_sessions,
      -- Null where nobody accepted in time and the session's own timer escalated it.
      escalated_by uuid REFERENCES people,
      cause text NOT NULL CHECK (cause IN ('asked', 'unanswered')),
      from_severity text NOT NULL,
      to_severity text NOT NULL,
      from_helper_type text NOT NULL,
      to_helper_type text NOT NULL,
      requested_counselor_id uuid REFERENCES people,
      alert_id uuid REFERENCES crisis_alerts,
      -- Sealed under the conversation's key: the reason and notes.
      details bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      -- When a helper took the session after it.
      accepted_at timestamptz
    );
    CREATE INDEX support_escalations_by_session ON support_escalations (session_id, created_at);
  `);
}
