import type { Knex } from 'knex';

/**
 * Clients may have names of their own for their sessions with the companion: of each person's, one
 * open conversation goes by each name.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A digest: names may say anything.
    ALTER TABLE companion_conversations ADD COLUMN client_name bytea;
    CREATE UNIQUE INDEX companion_conversations_one_named
      ON companion_conversations (person_id, client_name)
      WHERE status = 'active' AND client_name IS NOT NULL;
  `);
  await knex.raw(TAKE);
}

/** As before, but that a conversation is begun with its name; another of the name is in its way. */
const TAKE = `
  CREATE OR REPLACE FUNCTION take_companion_turn(
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
          (id, clinic_id, person_id, is_anonymous, session_id, client_name, details)
        VALUES (in_conversation, (opening->>'clinicId')::uuid, by_person,
          (opening->>'isAnonymous')::boolean, (opening->>'sessionId')::uuid,
          decode(opening->>'clientName', 'base64'), decode(opening->>'details', 'base64'))
        ON CONFLICT DO NOTHING;
    END IF;
    SELECT c.status, c.version, c.turn_count INTO conversation FROM companion_conversations c
      WHERE c.id = in_conversation AND c.person_id = by_person FOR NO KEY UPDATE;
    IF NOT FOUND THEN outcome := 'none'; RETURN; END IF;
    IF conversation.status <> 'active' THEN outcome := 'over'; END IF;
    IF outcome IS NULL AND NOT crisis THEN
      SELECT a.id INTO alert_id FROM crisis_alerts a
        WHERE a.person_id = by_person AND a.status = 'paging' AND NOT a.is_drill;
      IF FOUND THEN outcome := 'alarmed'; END IF;
    END IF;
    IF outcome IS NULL AND seen_version <> conversation.version THEN outcome := 'unseen'; END IF;

    IF outcome IS NULL THEN
      outcome := 'taken';
      number := conversation.turn_count + 1;
      version := conversation.version + 1;
      taken_at := clock_timestamp();
      INSERT INTO companion_turns
          (id, conversation_id, number, words, reply, source, is_crisis, said_at, replied_at)
        VALUES (turn_id, in_conversation, number, said, answer, answered_by, crisis, taken_at,
          taken_at)
        ON CONFLICT (id) DO NOTHING;
    END IF;
    IF outcome <> 'taken' OR NOT FOUND THEN
      IF EXISTS (SELECT FROM companion_turns t
          WHERE t.id = turn_id AND t.conversation_id = in_conversation) THEN
        outcome := 'known'; alert_id := NULL;
      ELSIF outcome = 'taken' THEN
        RAISE unique_violation USING MESSAGE = 'another conversation has a turn of this id';
      END IF;
      RETURN;
    END IF;

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
