import type { Knex } from 'knex';

/** Who waits for a time, which times became free, and what was offered to whom. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE waitlist_wishes (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      client_id uuid NOT NULL REFERENCES people,
      therapist_id uuid REFERENCES therapist_profiles,
      specialization text,
      session_type text NOT NULL,
      format text NOT NULL CHECK (format IN ('video', 'audio', 'chat', 'in_person')),
      duration_minutes smallint CHECK (duration_minutes > 0),
      time_zone text NOT NULL,
      from_date date NOT NULL,
      until_date date NOT NULL,
      days_of_week smallint[] CHECK (days_of_week <@ '{0,1,2,3,4,5,6}'::smallint[]),
      start_minute smallint NOT NULL CHECK (start_minute BETWEEN 0 AND 1439),
      end_minute smallint NOT NULL CHECK (end_minute BETWEEN 1 AND 1440),
      notice_minutes integer NOT NULL CHECK (notice_minutes >= 0),
      state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'fulfilled', 'removed')),
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      ended_at timestamptz,
      CHECK (from_date <= until_date)
    );
    CREATE INDEX waitlist_in_order ON waitlist_wishes (clinic_id, id)
      WHERE state = 'waiting';
    CREATE INDEX waitlist_by_client ON waitlist_wishes (client_id, id);
    CREATE INDEX waitlist_by_clinic ON waitlist_wishes (clinic_id, id);

    CREATE TABLE vacancies (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      claim_id bigint NOT NULL UNIQUE REFERENCES claims,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      freed_by uuid REFERENCES people,
      starts_at timestamptz NOT NULL,
      ends_at timestamptz NOT NULL,
      state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'filled', 'free', 'gone')),
      reason text,
      created_at timestamptz NOT NULL DEFAULT now(),
      closed_at timestamptz,
      CHECK (starts_at < ends_at)
    );

    CREATE TABLE offers (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      kind text NOT NULL CHECK (kind IN ('vacancy', 'absence')),
      client_id uuid REFERENCES people,
      session_id uuid REFERENCES sessions,
      vacancy_id uuid REFERENCES vacancies,
      wish_id uuid REFERENCES waitlist_wishes,
      exception_id uuid,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      session_starts_at timestamptz NOT NULL,
      state text NOT NULL CHECK (state IN
        ('preparing', 'open', 'accepted', 'declined', 'lapsed', 'withdrawn', 'skipped')),
      reason text,
      choices jsonb NOT NULL DEFAULT '[]',
      chosen jsonb,
      due_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      closed_at timestamptz,
      CHECK ((kind = 'vacancy') = (vacancy_id IS NOT NULL AND wish_id IS NOT NULL)),
      CHECK ((kind = 'absence') = (exception_id IS NOT NULL)),
      CHECK (state <> 'open' OR due_at IS NOT NULL),
      UNIQUE (vacancy_id, wish_id),
      UNIQUE (exception_id, session_id)
    );
    CREATE UNIQUE INDEX offers_one_of_a_vacancy ON offers (vacancy_id)
      WHERE state IN ('open', 'accepted');
    CREATE UNIQUE INDEX offers_one_of_a_wish ON offers (wish_id) WHERE state = 'open';
    CREATE INDEX offers_by_client ON offers (client_id, id);
    CREATE INDEX offers_by_session ON offers (session_id);
  `);
}
