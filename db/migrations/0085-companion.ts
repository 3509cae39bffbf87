import type { Knex } from 'knex';

/** Conversations with the companion, their turns, and what a model has cost. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(TABLES);
  await knex.raw(TAKE);
  await knex.raw(REVISE);
}

const TABLES = `
  CREATE TABLE companion_conversations (
    id uuid PRIMARY KEY,
    clinic_id uuid NOT NULL REFERENCES clinics,
    person_id uuid NOT NULL REFERENCES people,
    is_anonymous boolean NOT NULL DEFAULT false,
    -- The person's own support session that it goes along with, if any.
    session_id uuid REFERENCES support_sessions,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended')),
    -- Sealed JSON: where the guided companion is.
    state bytea,
    -- Sealed JSON: the preferences and the mood that it was begun with.
    details bytea,
    -- Rises with each turn: whoever composes a reply knows by it whether another came between.
    version integer NOT NULL DEFAULT 0,
    turn_count integer NOT NULL DEFAULT 0,
    -- The support session in which a human goes on, and whether they were given a summary.
    handed_over_to uuid REFERENCES support_sessions,
    is_summary_shared boolean NOT NULL DEFAULT false,
    -- They were asked whether to pass a summary on, and have said nothing since.
    awaits_consent boolean NOT NULL DEFAULT false,
    rating smallint CHECK (rating BETWEEN 1 AND 5),
    -- Sealed JSON: what was said at the end.
    closing bytea,
    started_at timestamptz NOT NULL DEFAULT now(),
    last_turn_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK ((status = 'ended') = (ended_at IS NOT NULL))
  );
  CREATE INDEX companion_conversations_by_person
    ON companion_conversations (person_id, last_turn_at);
  CREATE UNIQUE INDEX companion_conversations_one_beside
    ON companion_conversations (session_id, person_id)
    WHERE status = 'active' AND session_id IS NOT NULL;

  -- What somebody said and what was answered, together: a turn is never without its answer.
  CREATE TABLE companion_turns (
    id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES companion_conversations,
    number integer NOT NULL CHECK (number > 0),
    -- Sealed JSON; no words where the companion began.
    words bytea,
    reply bytea NOT NULL,
    -- Sealed: as much of a model's reply as was checked, while it is being written.
    partial bytea,
    source text NOT NULL CHECK (source IN ('guided', 'model', 'crisis', 'hand_over')),
    is_crisis boolean NOT NULL DEFAULT false,
    said_at timestamptz NOT NULL,
    replied_at timestamptz NOT NULL,
    UNIQUE (conversation_id, number)
  );

  -- What a clinic's model has cost on a day of the clinic's, in millionths of the currency.
  CREATE TABLE companion_spending (
    clinic_id uuid NOT NULL REFERENCES clinics,
    day date NOT NULL,
    micros bigint NOT NULL DEFAULT 0,
    calls integer NOT NULL DEFAULT 0,
    PRIMARY KEY (clinic_id, day)
  );
`;

/**
 * One turn in one round trip: its number under the lock of the conversation's row, what was said and
 * answered, its audit rows. Nothing is written where the outcome is another than `taken`. While an
 * alert of the person's still pages, only the reply to a crisis is taken (`alarmed`).
 */
const TAKE = `
  CREATE FUNCTION take_companion_turn(
    turn_id uuid, in_conversation uuid, by_person uuid, said bytea, answer bytea,
    answered_by text, crisis boolean, new_state bytea, seen_version integer, opening json,
    audit json,
    OUT outcome text, OUT number integer, OUT version integer, OUT taken_at timestamptz,
    OUT alert_id uuid
  ) LANGUAGE plpgsql AS $$
  DECLARE
    conversation record;
  BEGIN
    IF opening IS NOT NULL THEN
      INSERT INTO companion_conversations
          (id, clinic_id, person_id, is_anonymous, session_id, details)
        VALUES (in_conversation, (opening->>'clinicId')::uuid, by_person,
          (opening->>'isAnonymous')::boolean, (opening->>'sessionId')::uuid,
          decode(opening->>'details', 'base64'))
        ON CONFLICT DO NOTHING;
    END IF;
    SELECT c.status, c.version, c.turn_count INTO conversation FROM companion_conversations c
      WHERE c.id = in_conversation AND c.person_id = by_person FOR NO KEY UPDATE;
    IF NOT FOUND THEN outcome := 'none'; RETURN; END IF;
    IF EXISTS (SELECT FROM companion_turns t
        WHERE t.id = turn_id AND t.conversation_id = in_conversation) THEN
      outcome := 'known'; RETURN;
    END IF;
    IF conversation.status <> 'active' THEN outcome := 'over'; RETURN; END IF;
    IF NOT crisis THEN
      SELECT a.id INTO alert_id FROM crisis_alerts a
        WHERE a.person_id = by_person AND a.status = 'paging' AND NOT a.is_drill;
      IF FOUND THEN outcome := 'alarmed'; RETURN; END IF;
    END IF;
    IF seen_version IS NOT NULL AND seen_version <> conversation.version THEN
      outcome := 'unseen'; RETURN;
    END IF;

    outcome := 'taken';
    number := conversation.turn_count + 1;
    version := conversation.version + 1;
    taken_at := clock_timestamp();
    INSERT INTO companion_turns
        (id, conversation_id, number, words, reply, source, is_crisis, said_at, replied_at)
      VALUES (turn_id, in_conversation, number, said, answer, answered_by, crisis, taken_at,
        taken_at);
    UPDATE companion_conversations c
      SET turn_count = take_companion_turn.number, version = take_companion_turn.version,
        state = coalesce(new_state, c.state), last_turn_at = taken_at, awaits_consent = false
      WHERE c.id = in_conversation;
    INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
        subject_id, outcome, request_id, changes)
      SELECT entry.clinic_id, entry.actor_id, entry.actor_role, entry.action, entry.object_type,
        entry.object_id, entry.subject_id, entry.outcome, entry.request_id, entry.changes
      FROM json_to_recordset(audit) AS entry (clinic_id uuid, actor_id uuid, actor_role text,
        action text, object_type text, object_id text, subject_id uuid, outcome text,
        request_id text, changes jsonb);
  END $$;
`;

/**
 * Gives a turn that the guided companion has answered a better answer, once. Where nothing was said
 * since, the guided companion goes back to where it was (`restored_state`). The person's sockets
 * hear of it with the commit.
 */
const REVISE = `
  CREATE FUNCTION revise_companion_turn(
    turn_id uuid, in_conversation uuid, by_person uuid, answer bytea, answered_by text,
    crisis boolean, restored_state bytea, seen_version integer,
    OUT outcome text, OUT version integer, OUT alert_id uuid
  ) LANGUAGE plpgsql AS $$
  DECLARE
    turn_number integer;
  BEGIN
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
    IF restored_state IS NOT NULL AND version = seen_version THEN
      version := version + 1;
      UPDATE companion_conversations c
        SET state = restored_state, version = revise_companion_turn.version
        WHERE c.id = in_conversation;
    END IF;
    outcome := 'revised';
    PERFORM pg_notify('holdfast_broadcast', json_build_object('room', 'person:' || by_person,
      'event', 'companion-reply', 'ids', json_build_object('conversationId', in_conversation,
        'turnId', turn_id, 'number', turn_number))::text);
  END $$;
`;
