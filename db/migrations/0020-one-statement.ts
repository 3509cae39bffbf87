import type { Knex } from 'knex';

/**
 * A booking in one round trip: its claims, its client's limits, the session with its enrolment,
 * first event and news, and the audit rows; all of it or nothing. Whoever finds the time taken
 * leaves without having written anything.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION book_session(
      session jsonb, people uuid[], starts_ms float8[], ends_ms float8[], expires timestamptz,
      day_start timestamptz, day_end timestamptz, max_open int, max_today int,
      noted jsonb, news jsonb, audit json
    ) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      booked sessions;
      counted record;
      granted int;
    BEGIN
      FOR place IN 1 .. cardinality(people) LOOP
        IF EXISTS (
          SELECT FROM claims WHERE person_id = people[place] AND state = 'active'
            AND during && tstzrange(to_timestamp(starts_ms[place] / 1000.0),
              to_timestamp(ends_ms[place] / 1000.0))
        ) THEN RETURN 'slot_taken'; END IF;
      END LOOP;
      booked := jsonb_populate_record(null::sessions, session);

      INSERT INTO claims (person_id, session_id, during, slot, expires_at)
        SELECT person, booked.id,
          tstzrange(to_timestamp(start_ms / 1000.0), to_timestamp(end_ms / 1000.0)),
          'current', expires
        FROM unnest(people, starts_ms, ends_ms) AS wish (person, start_ms, end_ms)
        ORDER BY person, start_ms
        ON CONFLICT DO NOTHING;
      GET DIAGNOSTICS granted = ROW_COUNT;
      IF granted < cardinality(people) THEN
        RAISE EXCEPTION 'slot_taken' USING ERRCODE = 'HF001';
      END IF;

      IF booked.client_id IS NOT NULL THEN
        SELECT * INTO counted FROM count_open_sessions(booked.client_id, day_start, day_end);
        IF counted.open >= max_open OR counted.today >= max_today THEN
          RAISE EXCEPTION 'limit_exceeded' USING ERRCODE = 'HF001';
        END IF;
      END IF;

      INSERT INTO sessions SELECT booked.*;
      IF booked.client_id IS NOT NULL THEN
        INSERT INTO enrolments (id, session_id, person_id, state) VALUES (gen_random_uuid(),
          booked.id, booked.client_id,
          CASE booked.status WHEN 'confirmed' THEN 'confirmed' ELSE 'reserved' END);
      END IF;
      INSERT INTO session_events (session_id, kind, actor_id, data)
        VALUES (booked.id, 'booked', booked.created_by, noted);
      INSERT INTO outbox (topic, clinic_id, payload)
        VALUES ('session.changed', booked.clinic_id, news);
      INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
          subject_id, outcome, request_id, changes)
        SELECT entry.clinic_id, actor_id, actor_role, action, object_type, object_id,
          subject_id, outcome, request_id, changes
        FROM json_to_recordset(audit) AS entry (clinic_id uuid, actor_id uuid, actor_role text,
          action text, object_type text, object_id text, subject_id uuid, outcome text,
          request_id text, changes jsonb);
      RETURN 'booked';
    EXCEPTION WHEN SQLSTATE 'HF001' THEN
      RETURN SQLERRM;
    END $$;
  `);
}
