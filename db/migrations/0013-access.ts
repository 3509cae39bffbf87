import type { Knex } from 'knex';

/**
 * Tells every API process at once when a token family or a person's rights have changed,
 * and keeps the counters that guard signing in.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION announce_family() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('holdfast_access', 'family:' || NEW.id);
      RETURN NULL;
    END $$;
    CREATE TRIGGER announce_revocation AFTER UPDATE OF revoked_at ON token_families
      FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at)
      EXECUTE FUNCTION announce_family();

    CREATE FUNCTION announce_person() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('holdfast_access', 'person:' || NEW.id);
      RETURN NULL;
    END $$;
    CREATE TRIGGER announce_rights AFTER UPDATE OF role, clinic_id, verified_at, suspended_at ON people
      FOR EACH ROW WHEN (
        (OLD.role, OLD.clinic_id, OLD.verified_at, OLD.suspended_at)
        IS DISTINCT FROM (NEW.role, NEW.clinic_id, NEW.verified_at, NEW.suspended_at))
      EXECUTE FUNCTION announce_person();

    CREATE FUNCTION announce_therapist() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('holdfast_access', 'person:' || NEW.person_id);
      RETURN NULL;
    END $$;
    CREATE TRIGGER announce_profile AFTER INSERT OR UPDATE OF verified_at ON therapist_profiles
      FOR EACH ROW EXECUTE FUNCTION announce_therapist();

    CREATE FUNCTION announce_identity() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('holdfast_access', 'person:' || OLD.person_id);
      RETURN NULL;
    END $$;
    CREATE TRIGGER announce_unlinking AFTER UPDATE OR DELETE ON foreign_identities
      FOR EACH ROW EXECUTE FUNCTION announce_identity();

    CREATE TABLE rate_limits (
      key varchar(255) PRIMARY KEY,
      points integer NOT NULL DEFAULT 0,
      expire bigint
    );
    CREATE INDEX rate_limits_by_expiry ON rate_limits (expire);
  `);
}
