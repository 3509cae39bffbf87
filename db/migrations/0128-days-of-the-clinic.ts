import type { Knex } from 'knex';

/**
 * What a client may book a day is counted in the clinic's days: a zone that a request or the client
 * names would begin another day, and with it another count. A time that is proposed for a session
 * counts on its day like the one it has, since it may be agreed to at any moment.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(COUNT);
  await knex.raw(BOOK);
}

/** Under the client's own lock: of two bookings made at once, the second one counts the first. */
const COUNT = `
  CREATE FUNCTION count_client_sessions(
    client uuid, at timestamptz,
    OUT open int, OUT today int, OUT day_start timestamptz, OUT day_end timestamptz
  ) LANGUAGE plpgsql AS $$
  DECLARE
    zone text;
  BEGIN
    SELECT clinic.time_zone INTO zone FROM people JOIN clinics clinic ON clinic.id = clinic_id
      WHERE people.id = client;
    day_start := date_trunc('day', at, zone);
    day_end := (date_trunc('day', at AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone;
    PERFORM pg_advisory_xact_lock(hashtextextended(client::text, 1));
    SELECT count(*) FILTER (WHERE status <> 'planned'),
        count(*) FILTER (WHERE (starts_at >= day_start AND starts_at < day_end)
          OR (proposed_starts_at >= day_start AND proposed_starts_at < day_end))
      INTO open, today FROM (
        SELECT status, starts_at, proposed_starts_at FROM sessions
        WHERE client_id = client AND ends_at > now() AND status IN
            ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')
        UNION ALL
        SELECT seat.status, starts_at, null FROM enrolments seat
          JOIN sessions ON sessions.id = seat.session_id
        WHERE seat.person_id = client AND ends_at > now()
          AND seat.status IN ('awaiting_payment', 'confirmed', 'in_progress')) mine;
  END $$;
`;

/** As the one before, which processes of the version before still call, but that it finds the day. */
const BOOK = `
  CREATE FUNCTION book_session(
    session jsonb, people uuid[], starts_ms float8[], ends_ms float8[], expires timestamptz,
    max_open int, max_today int, noted jsonb, news jsonb, audit json
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
      SELECT * INTO counted FROM count_client_sessions(booked.client_id, booked.starts_at);
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
`;
