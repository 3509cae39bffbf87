import type { Knex } from 'knex';

/**
 * What a turn costs, it costs while somebody waits for an answer. Most turns are taken by one look at
 * their conversation's row, which changes it as well; why one can't be taken is asked only then. A
 * table's checks are read anew by every statement that writes a row of it: turns are written by these
 * functions alone, which check them, and a conversation's end is checked where it is written.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(CHECKS);
  await knex.raw(TAKE);
  await knex.raw(REVISE);
}

const CHECKS = `
  -- In the order in which a turn locks them, so that none that is under way is in the way.
  ALTER TABLE companion_conversations
    DROP CONSTRAINT companion_conversations_check,
    DROP CONSTRAINT companion_conversations_rating_check,
    DROP CONSTRAINT companion_conversations_status_check;
  ALTER TABLE companion_turns
    DROP CONSTRAINT companion_turns_number_check,
    DROP CONSTRAINT companion_turns_source_check;
  CREATE FUNCTION check_companion_end() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.status NOT IN ('active', 'ended') OR NEW.rating NOT BETWEEN 1 AND 5
        OR (NEW.status = 'ended') <> (NEW.ended_at IS NOT NULL) THEN
      RAISE check_violation USING MESSAGE = 'a conversation is active, or has ended at some time';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER ends_as_it_should BEFORE INSERT OR UPDATE OF status, ended_at, rating
    ON companion_conversations FOR EACH ROW EXECUTE FUNCTION check_companion_end();
`;

const KNOWN_SOURCE = `
    IF answered_by NOT IN ('guided', 'model', 'crisis', 'hand_over') THEN
      RAISE check_violation USING MESSAGE = 'nobody of this name answers turns';
    END IF;`;

/**
 * As the one before, which processes of the version before still call, but that it has its one audit
 * row as values.
 */
const TAKE = `
  CREATE FUNCTION take_companion_turn(
    turn_id uuid, in_conversation uuid, by_person uuid, said bytea, answer bytea,
    answered_by text, crisis boolean, new_state bytea, seen_version integer, opening json,
    of_clinic uuid, actor uuid, in_role text, act text, on_type text, in_request text, changed jsonb,
    OUT outcome text, OUT number integer, OUT version integer, OUT taken_at timestamptz,
    OUT alert_id uuid
  ) LANGUAGE plpgsql AS $$
  DECLARE
    is_open boolean;
    of_turn uuid;
  BEGIN
    ${KNOWN_SOURCE}
    IF opening IS NOT NULL THEN
      INSERT INTO companion_conversations
          (id, clinic_id, person_id, is_anonymous, session_id, client_name, details)
        VALUES (in_conversation, (opening->>'clinicId')::uuid, by_person,
          (opening->>'isAnonymous')::boolean, (opening->>'sessionId')::uuid,
          decode(opening->>'clientName', 'base64'), decode(opening->>'details', 'base64'))
        ON CONFLICT DO NOTHING;
    END IF;
    IF seen_version IS NULL THEN
      -- Whoever takes a turn whatever came between waits for those before, so as to see them.
      PERFORM FROM companion_conversations c WHERE c.id = in_conversation FOR NO KEY UPDATE;
    END IF;
    taken_at := clock_timestamp();
    UPDATE companion_conversations c
      SET turn_count = c.turn_count + 1, version = c.version + 1,
        state = coalesce(new_state, c.state), last_turn_at = taken_at, awaits_consent = false
      WHERE c.id = in_conversation AND c.person_id = by_person AND c.status = 'active'
        AND (seen_version IS NULL OR c.version = seen_version)
        AND NOT EXISTS (SELECT FROM companion_turns t WHERE t.id = turn_id)
        AND (crisis OR NOT EXISTS (SELECT FROM crisis_alerts a
          WHERE a.person_id = by_person AND a.status = 'paging' AND NOT a.is_drill))
      RETURNING c.turn_count, c.version INTO number, version;

    IF FOUND THEN
      outcome := 'taken';
      INSERT INTO companion_turns
          (id, conversation_id, number, words, reply, source, is_crisis, said_at, replied_at)
        VALUES (turn_id, in_conversation, number, said, answer, answered_by, crisis, taken_at,
          taken_at);
      INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
          subject_id, outcome, request_id, changes)
        VALUES (of_clinic, actor, in_role, act, on_type, in_conversation, by_person, 'allowed',
          in_request, changed);
      RETURN;
    END IF;

    taken_at := NULL;
    SELECT c.status = 'active' INTO is_open FROM companion_conversations c
      WHERE c.id = in_conversation AND c.person_id = by_person;
    IF NOT FOUND THEN outcome := 'none'; RETURN; END IF;
    SELECT t.conversation_id INTO of_turn FROM companion_turns t WHERE t.id = turn_id;
    IF of_turn = in_conversation THEN outcome := 'known'; RETURN; END IF;
    IF of_turn IS NOT NULL THEN
      RAISE unique_violation USING MESSAGE = 'another conversation has a turn of this id';
    END IF;
    IF NOT is_open THEN outcome := 'over'; RETURN; END IF;
    SELECT a.id INTO alert_id FROM crisis_alerts a
      WHERE NOT crisis AND a.person_id = by_person AND a.status = 'paging' AND NOT a.is_drill;
    outcome := CASE WHEN FOUND THEN 'alarmed' ELSE 'unseen' END;
  END $$;
`;

/**
 * As before, but that it checks who answers, and that a crisis always makes another version: a calm
 * turn that waits for this one looks for alerts no more, and has to be composed anew.
 */
const REVISE = `
  CREATE OR REPLACE FUNCTION revise_companion_turn(
    turn_id uuid, in_conversation uuid, by_person uuid, answer bytea, answered_by text,
    crisis boolean, restored_state bytea, seen_version integer,
    OUT outcome text, OUT version integer, OUT alert_id uuid
  ) LANGUAGE plpgsql AS $$
  DECLARE
    turn_number integer;
  BEGIN
    ${KNOWN_SOURCE}
    SELECT c.version INTO version FROM companion_conversations c
      WHERE c.id = in_conversation AND c.person_id = by_person FOR NO KEY UPDATE;
    IF NOT crisis THEN
      SELECT a.id INTO alert_id FROM crisis_alerts a
        WHERE a.person_id = by_person AND a.status = 'paging' AND NOT a.is_drill;
      IF FOUND THEN outcome := 'alarmed'; RETURN; END IF;
    END IF;
    UPDATE companion_turns t
      SET reply = answer, partial = NULL, source = answered_by, is_crisis = crisis,
        replied_at = clock_timestamp()
      WHERE t.id = turn_id AND t.conversation_id = in_conversation AND t.source = 'guided'
      RETURNING t.number INTO turn_number;
    IF NOT FOUND THEN outcome := 'gone'; RETURN; END IF;
    IF crisis OR (restored_state IS NOT NULL AND version = seen_version) THEN
      UPDATE companion_conversations c
        SET version = c.version + 1, state = CASE WHEN c.version = seen_version
          THEN coalesce(restored_state, c.state) ELSE c.state END
        WHERE c.id = in_conversation
        RETURNING c.version INTO version;
    END IF;
    outcome := 'revised';
    PERFORM pg_notify('holdfast_broadcast', json_build_object('room', 'person:' || by_person,
      'event', 'companion-reply', 'ids', json_build_object('conversationId', in_conversation,
        'turnId', turn_id, 'number', turn_number))::text);
  END $$;
`;
