import type { Knex } from 'knex';

/**
 * Messages are announced right after their commit instead of with it: a NOTIFY makes the commits of
 * all writers wait for one another (measured with 20 who write at once: 180 messages a second).
 * Whoever listens looks for what was not announced because its process died.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(SEND);
}

const SEND = `
  CREATE OR REPLACE FUNCTION send_chat_message(
    message_id uuid, to_session uuid, from_person uuid, from_role text, message_type text,
    sealed bytea, encrypted boolean, crisis boolean, once bytea, replies_to uuid,
    seen_version integer, files uuid[], audit json,
    OUT outcome text, OUT id uuid, OUT number integer, OUT created_at timestamptz,
    OUT chat_version integer, OUT held_alert_id uuid
  ) LANGUAGE plpgsql AS $$
  DECLARE
    session record;
    sender record;
    earlier record;
  BEGIN
    SELECT s.patient_id, s.status, s.message_count INTO session
      FROM support_sessions s WHERE s.id = to_session FOR NO KEY UPDATE;
    IF NOT FOUND THEN outcome := 'no_session'; RETURN; END IF;

    IF once IS NOT NULL THEN
      SELECT m.id, m.session_id INTO earlier
        FROM chat_messages m WHERE m.sender_id = from_person AND m.client_key = once;
      IF FOUND THEN
        id := earlier.id;
        outcome := CASE WHEN earlier.session_id = to_session THEN 'known' ELSE 'known_elsewhere' END;
        RETURN;
      END IF;
    END IF;

    SELECT p.chat_version, p.left_at, p.role INTO sender FROM support_participants p
      WHERE p.session_id = to_session AND p.person_id = from_person;
    IF NOT FOUND OR (sender.left_at IS NOT NULL AND sender.role <> 'patient') THEN
      outcome := 'no_participant'; RETURN;
    END IF;
    IF session.status NOT IN ('waiting', 'active') THEN outcome := 'over'; RETURN; END IF;
    IF seen_version IS NOT NULL AND seen_version <> sender.chat_version THEN
      outcome := 'unseen'; RETURN;
    END IF;

    outcome := 'sent';
    id := message_id;
    number := session.message_count + 1;
    created_at := clock_timestamp();
    chat_version := sender.chat_version + 1;
    UPDATE support_sessions s
      SET message_count = send_chat_message.number, last_activity_at = send_chat_message.created_at
      WHERE s.id = to_session;
    UPDATE support_participants p SET chat_version = send_chat_message.chat_version
      WHERE p.session_id = to_session AND p.person_id = from_person;
    INSERT INTO chat_messages (id, session_id, number, sender_id, sender_role, type, content,
        is_encrypted, is_crisis, client_key, reply_to, created_at)
      VALUES (message_id, to_session, number, from_person, from_role, message_type, sealed,
        encrypted, crisis, once, replies_to, created_at);
    IF cardinality(files) > 0 THEN
      UPDATE chat_attachments f SET message_id = send_chat_message.message_id
        WHERE f.id = ANY (files) AND f.session_id = to_session AND f.uploader_id = from_person;
    END IF;
    INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
        subject_id, outcome, request_id, changes)
      SELECT entry.clinic_id, entry.actor_id, entry.actor_role, entry.action, entry.object_type,
        entry.object_id, entry.subject_id, entry.outcome, entry.request_id, entry.changes
      FROM json_to_recordset(audit) AS entry (clinic_id uuid, actor_id uuid, actor_role text,
        action text, object_type text, object_id text, subject_id uuid, outcome text,
        request_id text, changes jsonb);
    IF from_person <> session.patient_id THEN
      -- By writing, the holder of an alert keeps it.
      SELECT a.id INTO held_alert_id FROM crisis_alerts a
        WHERE a.person_id = session.patient_id AND a.status <> 'resolved' AND NOT a.is_drill
          AND a.holder_id = from_person;
    END IF;
  END $$;
`;
