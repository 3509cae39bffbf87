import type { Knex } from 'knex';

/**
 * Weekly hours that are switched off are in nobody's way; texts that people typed are sealed; and
 * no session is put into time off that its booking didn't see. Bookings share a lock that time off
 * takes for itself: so a session is either there to be named when time off is written, or it comes
 * later and is refused. Nobody is refused help in a crisis, and who opens a room decides alone.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE availability_rules DROP CONSTRAINT availability_rules_therapist_id_day_of_week_int4range_excl;
    ALTER TABLE availability_rules ADD CONSTRAINT availability_rules_never_overlap EXCLUDE USING gist
      (therapist_id WITH =, day_of_week WITH =, int4range(start_minute, end_minute) WITH &&)
      WHERE (is_available);
    ALTER TABLE availability_rules DROP COLUMN notes;
    ALTER TABLE availability_rules ADD COLUMN notes bytea;

    ALTER TABLE availability_exceptions DROP COLUMN reason;
    ALTER TABLE availability_exceptions ADD COLUMN reason bytea;
    ALTER TABLE availability_exceptions ADD COLUMN created_by uuid REFERENCES people;
    ALTER TABLE availability_exceptions ADD COLUMN during tstzmultirange;
    COMMENT ON COLUMN availability_exceptions.during IS 'Time off as instants, by the zone of its therapist';

    CREATE FUNCTION therapist_is_away(therapist uuid, starts timestamptz, ends timestamptz)
    RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(hashtextextended(therapist::text, 2));
      RETURN EXISTS (SELECT FROM availability_exceptions
        WHERE therapist_id = therapist AND kind = 'time_off'
          AND end_date >= (starts AT TIME ZONE 'UTC')::date - 1
          AND during && tstzrange(starts, greatest(starts, ends)));
    END $$;

    CREATE FUNCTION refuse_time_off() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      is_away boolean;
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.proposed_starts_at IS NOT NULL THEN
        is_away := therapist_is_away(NEW.therapist_id, NEW.proposed_starts_at, NEW.proposed_ends_at);
      ELSE
        is_away := therapist_is_away(NEW.therapist_id, NEW.starts_at, NEW.ends_at);
      END IF;
      IF is_away THEN
        RAISE EXCEPTION 'The therapist is away' USING ERRCODE = 'HF002';
      END IF;
      RETURN NEW;
    END $$;

    CREATE TRIGGER sessions_not_in_time_off BEFORE INSERT ON sessions FOR EACH ROW
      WHEN (NEW.door NOT IN ('crisis', 'teletherapy') AND NEW.status IN
        ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed'))
      EXECUTE FUNCTION refuse_time_off();
    -- A time that was proposed before has been looked at before.
    CREATE TRIGGER sessions_not_moved_into_time_off BEFORE UPDATE ON sessions FOR EACH ROW
      WHEN (NEW.door NOT IN ('crisis', 'teletherapy') AND NEW.status IN
          ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed')
        AND ((NEW.proposed_starts_at, NEW.proposed_ends_at)
            IS DISTINCT FROM (OLD.proposed_starts_at, OLD.proposed_ends_at)
            AND NEW.proposed_starts_at IS NOT NULL
          OR NEW.therapist_id <> OLD.therapist_id
          OR (NEW.starts_at, NEW.ends_at) IS DISTINCT FROM (OLD.starts_at, OLD.ends_at)
            AND (NEW.starts_at, NEW.ends_at)
              IS DISTINCT FROM (OLD.proposed_starts_at, OLD.proposed_ends_at)))
      EXECUTE FUNCTION refuse_time_off();
  `);
}
