import type { Knex } from 'knex';

/** Clinics, people, their accounts, and who works with whom. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE EXTENSION IF NOT EXISTS pg_trgm;

    CREATE TABLE clinics (
      id uuid PRIMARY KEY,
      name text NOT NULL,
      time_zone text NOT NULL,
      currency char(3) NOT NULL DEFAULT 'USD',
      created_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE people (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      role text NOT NULL CHECK (role IN ('patient', 'peer', 'counselor', 'admin', 'staff')),
      username text,
      email text,
      password_hash text,
      first_name text NOT NULL DEFAULT '',
      last_name text NOT NULL DEFAULT '',
      preferred_name text,
      date_of_birth date,
      age smallint,
      phone text CHECK (phone ~ '^\\+[1-9][0-9]{6,14}$'),
      phone_verified_at timestamptz,
      time_zone text NOT NULL DEFAULT 'UTC',
      language text NOT NULL DEFAULT 'en',
      preferences jsonb NOT NULL DEFAULT '{}',
      emergency_contact bytea,
      email_verified_at timestamptz,
      verified_at timestamptz,
      suspended_at timestamptz,
      terms_agreed_at timestamptz,
      privacy_agreed_at timestamptz,
      stripe_customer_id text,
      last_login_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX people_email ON people (lower(email));
    CREATE UNIQUE INDEX people_username ON people (lower(username));
    CREATE INDEX people_by_clinic ON people (clinic_id, role, id);
    CREATE INDEX people_by_phone ON people (phone) WHERE phone IS NOT NULL;

    CREATE TABLE foreign_identities (
      issuer text NOT NULL,
      subject text NOT NULL,
      person_id uuid NOT NULL REFERENCES people,
      linked_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (issuer, subject)
    );

    CREATE TABLE token_families (
      id uuid PRIMARY KEY,
      person_id uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz,
      revoked_because text
    );
    CREATE INDEX token_families_by_person ON token_families (person_id) WHERE revoked_at IS NULL;
    CREATE INDEX token_families_revoked ON token_families (revoked_at) WHERE revoked_at IS NOT NULL;

    CREATE TABLE refresh_tokens (
      token_hash bytea PRIMARY KEY,
      family_id uuid NOT NULL REFERENCES token_families,
      issued_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    );
    CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);

    CREATE TABLE one_time_tokens (
      token_hash bytea PRIMARY KEY,
      person_id uuid NOT NULL REFERENCES people,
      purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    );
    CREATE INDEX one_time_tokens_by_person ON one_time_tokens (person_id, purpose);

    CREATE TABLE therapist_profiles (
      person_id uuid PRIMARY KEY REFERENCES people,
      clinic_id uuid NOT NULL REFERENCES clinics,
      display_name text NOT NULL,
      verified_at timestamptz,
      accepts_clients boolean NOT NULL DEFAULT true,
      time_zone text NOT NULL,
      accepts_automatically boolean NOT NULL DEFAULT false,
      buffer_before_minutes smallint NOT NULL DEFAULT 0 CHECK (buffer_before_minutes BETWEEN 0 AND 240),
      buffer_after_minutes smallint NOT NULL DEFAULT 10 CHECK (buffer_after_minutes BETWEEN 0 AND 240),
      minimum_notice_minutes integer NOT NULL DEFAULT 120 CHECK (minimum_notice_minutes >= 0),
      durations_minutes smallint[] NOT NULL DEFAULT '{50}',
      session_types text[] NOT NULL DEFAULT '{individual}',
      session_formats text[] NOT NULL DEFAULT '{video,audio,chat,in_person}',
      specializations text[] NOT NULL DEFAULT '{}',
      languages text[] NOT NULL DEFAULT '{en}',
      insurers text[] NOT NULL DEFAULT '{}',
      rates_cents jsonb NOT NULL DEFAULT '{}',
      is_crisis_therapist boolean NOT NULL DEFAULT false,
      is_on_call boolean NOT NULL DEFAULT false,
      rating_sum integer NOT NULL DEFAULT 0,
      rating_count integer NOT NULL DEFAULT 0,
      completed_sessions integer NOT NULL DEFAULT 0,
      version integer NOT NULL DEFAULT 1,
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX therapist_profiles_searchable ON therapist_profiles (clinic_id, person_id)
      WHERE verified_at IS NOT NULL AND accepts_clients;
    CREATE INDEX therapist_profiles_specializations ON therapist_profiles USING gin (specializations);

    CREATE TABLE availability_rules (
      id uuid PRIMARY KEY,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      day_of_week smallint NOT NULL CHECK (day_of_week BETWEEN 0 AND 6),
      start_minute smallint NOT NULL CHECK (start_minute BETWEEN 0 AND 1439),
      end_minute smallint NOT NULL CHECK (end_minute BETWEEN 1 AND 1440),
      is_available boolean NOT NULL DEFAULT true,
      notes text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (start_minute < end_minute),
      EXCLUDE USING gist (
        therapist_id WITH =, day_of_week WITH =, int4range(start_minute, end_minute) WITH &&
      )
    );

    CREATE TABLE availability_exceptions (
      id uuid PRIMARY KEY,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      kind text NOT NULL CHECK (kind IN ('time_off', 'extra')),
      start_date date NOT NULL,
      end_date date NOT NULL,
      start_minute smallint CHECK (start_minute BETWEEN 0 AND 1439),
      end_minute smallint CHECK (end_minute BETWEEN 1 AND 1440),
      reason text,
      created_at timestamptz NOT NULL DEFAULT now(),
      CHECK (start_date <= end_date),
      CHECK ((start_minute IS NULL) = (end_minute IS NULL))
    );
    CREATE INDEX availability_exceptions_by_date
      ON availability_exceptions (therapist_id, end_date, start_date);

    CREATE TABLE relationships (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      therapist_id uuid NOT NULL REFERENCES therapist_profiles,
      client_id uuid NOT NULL REFERENCES people,
      started_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      created_by uuid REFERENCES people
    );
    CREATE UNIQUE INDEX relationships_current ON relationships (therapist_id, client_id)
      WHERE ended_at IS NULL;
    CREATE INDEX relationships_by_client ON relationships (client_id) WHERE ended_at IS NULL;

    CREATE TABLE notification_preferences (
      person_id uuid PRIMARY KEY REFERENCES people,
      sms boolean NOT NULL DEFAULT true,
      email boolean NOT NULL DEFAULT true,
      push boolean NOT NULL DEFAULT false,
      quiet_from_minute smallint CHECK (quiet_from_minute BETWEEN 0 AND 1439),
      quiet_to_minute smallint CHECK (quiet_to_minute BETWEEN 0 AND 1439),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK ((quiet_from_minute IS NULL) = (quiet_to_minute IS NULL))
    );

    CREATE TABLE sms_opt_outs (
      phone text PRIMARY KEY,
      opted_out_at timestamptz NOT NULL DEFAULT now()
    );
  `);
}
