import type { Knex } from 'knex';

/**
 * What clinic staff schedule with: services and places, holds that one secret confirms, the
 * insurance that a session draws on, and a stamp of each clinic's directory.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE services (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      name text NOT NULL,
      session_type text NOT NULL,
      duration_minutes smallint NOT NULL CHECK (duration_minutes BETWEEN 1 AND 480),
      price_cents integer NOT NULL CHECK (price_cents >= 0),
      paid_by text NOT NULL CHECK (paid_by IN ('client', 'insurance', 'clinic', 'nobody')),
      is_active boolean NOT NULL DEFAULT true,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (clinic_id, name)
    );

    CREATE TABLE locations (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      name text NOT NULL,
      location_type text NOT NULL CHECK (location_type IN ('telehealth', 'in_person', 'phone')),
      address text,
      is_active boolean NOT NULL DEFAULT true,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (clinic_id, name)
    );

    CREATE TABLE holds (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      key_hash bytea NOT NULL UNIQUE,
      expires_at timestamptz NOT NULL,
      standing text NOT NULL DEFAULT 'open' CHECK (standing IN ('open', 'confirmed', 'released')),
      settled_at timestamptz,
      created_by uuid NOT NULL REFERENCES people,
      created_at timestamptz NOT NULL DEFAULT now(),
      CHECK ((standing = 'open') = (settled_at IS NULL))
    );

    ALTER TABLE sessions
      ADD COLUMN hold_id uuid REFERENCES holds DEFERRABLE INITIALLY DEFERRED,
      ADD COLUMN service_id uuid REFERENCES services,
      ADD COLUMN location_id uuid REFERENCES locations,
      ADD COLUMN authorisation_id uuid REFERENCES insurance_authorisations;
    CREATE INDEX sessions_by_hold ON sessions (hold_id) WHERE hold_id IS NOT NULL;
    CREATE INDEX sessions_by_authorisation ON sessions (authorisation_id)
      WHERE authorisation_id IS NOT NULL;
    CREATE INDEX sessions_by_clinic ON sessions (clinic_id, starts_at, id);

    CREATE TABLE authorisation_uses (
      session_id uuid PRIMARY KEY REFERENCES sessions,
      authorisation_id uuid NOT NULL REFERENCES insurance_authorisations,
      used_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX authorisation_uses_by_authorisation ON authorisation_uses (authorisation_id);

    ${DRAW_DOWN}

    CREATE TABLE directory_stamps (
      clinic_id uuid PRIMARY KEY REFERENCES clinics,
      version bigint NOT NULL DEFAULT 1,
      changed_in xid8 NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );

    CREATE FUNCTION stamp_directory() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO directory_stamps AS stamp (clinic_id, changed_in)
      VALUES (coalesce(NEW.clinic_id, OLD.clinic_id), pg_current_xact_id())
      ON CONFLICT (clinic_id) DO UPDATE
        SET version = stamp.version + 1, changed_in = EXCLUDED.changed_in,
          changed_at = clock_timestamp()
        WHERE stamp.changed_in <> EXCLUDED.changed_in;
      RETURN NULL;
    END $$;
    ${[...DIRECTORY].map(([table, change]) => stampOn(table, change)).join('\n')}
  `);
}

/**
 * Takes a completed session from the authorisation that it was booked under, else from one of the
 * payer that has vouched for it: in the very transaction that completes it, once for each session,
 * and never more than was granted.
 */
const DRAW_DOWN = `
  CREATE FUNCTION draw_down_authorisation() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE chosen uuid;
  BEGIN
    IF EXISTS (SELECT FROM authorisation_uses WHERE session_id = NEW.id) THEN RETURN NULL; END IF;
    SELECT granted.id INTO chosen FROM insurance_authorisations granted
    WHERE granted.client_id = NEW.client_id AND sessions_used < sessions_granted
      AND (granted.id = NEW.authorisation_id OR (NEW.authorisation_id IS NULL
        AND (NEW.starts_at AT TIME ZONE NEW.time_zone)::date BETWEEN valid_from AND valid_to
        AND EXISTS (SELECT FROM coverage_checks
          WHERE session_id = NEW.id AND lower(payer) = lower(granted.payer))))
    ORDER BY valid_to, granted.id LIMIT 1 FOR NO KEY UPDATE;
    IF chosen IS NULL THEN RETURN NULL; END IF;
    UPDATE insurance_authorisations SET sessions_used = sessions_used + 1 WHERE id = chosen;
    INSERT INTO authorisation_uses (session_id, authorisation_id) VALUES (NEW.id, chosen);
    RETURN NULL;
  END $$;
  CREATE TRIGGER draw_down AFTER UPDATE OF status ON sessions FOR EACH ROW
    WHEN (NEW.status = 'completed' AND OLD.status <> 'completed')
    EXECUTE FUNCTION draw_down_authorisation();`;

/** The tables that a directory shows, each with the changes that it shows. */
const DIRECTORY: ReadonlyMap<string, readonly string[]> = new Map([
  ['people', ['clinic_id', 'role', 'first_name', 'last_name', 'preferred_name', 'suspended_at']],
  [
    'therapist_profiles',
    [
      'display_name',
      'verified_at',
      'accepts_clients',
      'time_zone',
      'specializations',
      'session_types',
      'insurers',
    ],
  ],
  ['relationships', ['ended_at']],
  ['services', ['name', 'session_type', 'duration_minutes', 'price_cents', 'paid_by', 'is_active']],
  ['locations', ['name', 'location_type', 'address', 'is_active']],
]);

/**
 * Deferred to the commit, so that the clinic's one row is locked for as short as can be: people
 * who register at the same time hardly wait for each other.
 */
function stampOn(table: string, columns: readonly string[]): string {
  return `
    CREATE CONSTRAINT TRIGGER stamp_${table} AFTER INSERT OR DELETE ON ${table}
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_directory();
    CREATE CONSTRAINT TRIGGER stamp_changed_${table} AFTER UPDATE OF ${columns.join(', ')} ON ${table}
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_directory();`;
}
