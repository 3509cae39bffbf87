import type { Knex } from 'knex';

/** Messages of support sessions: numbered without gaps, sealed, with what became of each. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(TABLES);
  await knex.raw(SEND);
}

const TABLES = `
  -- Rises with each message and edit of the participant: whoever screens a message knows by it
  -- whether they had the sender's last words in view.
  ALTER TABLE support_participants ADD COLUMN chat_version integer NOT NULL DEFAULT 0;

  CREATE TABLE chat_messages (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    sender_id uuid NOT NULL,
    sender_role text NOT NULL CHECK (sender_role IN ('patient', 'peer', 'counselor', 'admin')),
    type text NOT NULL CHECK (type IN ('text', 'image', 'file', 'emoji')),
    -- Sealed JSON: the text, what the detector and the rules made of it, attachments.
    content bytea NOT NULL,
    -- As its client said of it.
    is_encrypted boolean NOT NULL DEFAULT false,
    is_crisis boolean NOT NULL DEFAULT false,
    -- The digest of the client's own id: the same one again is the same message.
    client_key bytea,
    reply_to uuid REFERENCES chat_messages,
    -- Rises with each edit.
    version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    deleted_at timestamptz,
    deleted_by uuid REFERENCES people,
    UNIQUE (session_id, number),
    FOREIGN KEY (session_id, sender_id) REFERENCES support_participants
  );
  CREATE UNIQUE INDEX chat_messages_once ON chat_messages (sender_id, client_key)
    WHERE client_key IS NOT NULL;

  -- What a message said before it was edited, sealed as it was then.
  CREATE TABLE chat_edits (
    message_id uuid NOT NULL REFERENCES chat_messages,
    version integer NOT NULL,
    content bytea NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message_id, version)
  );

  CREATE TABLE chat_reactions (
    message_id uuid NOT NULL REFERENCES chat_messages,
    person_id uuid NOT NULL REFERENCES people,
    reaction text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message_id, person_id, reaction)
  );

  -- Uploaded files. The bytes lie sealed in the store, under a key of their own that is sealed here.
  CREATE TABLE chat_attachments (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    uploader_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('image', 'file')),
    media_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    -- Sealed JSON: the file's name and the key of its bytes.
    details bytea NOT NULL,
    -- The message that shows it; without one it is swept after a while.
    message_id uuid REFERENCES chat_messages,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (session_id, uploader_id) REFERENCES support_participants
  );
  CREATE INDEX chat_attachments_orphaned ON chat_attachments (created_at)
    WHERE message_id IS NULL;
  CREATE INDEX chat_attachments_by_message ON chat_attachments (message_id)
    WHERE message_id IS NOT NULL;
`;

/**
 * One message in one round trip: its number under the lock of the session's row, the message, its
 * audit rows, and the news of it. Nothing is written where the outcome is another than `sent`.
 */
const SEND = `
  CREATE FUNCTION send_chat_message(
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
    PERFORM pg_notify('holdfast_broadcast', json_build_object('room', 'session:' || to_session,
      'event', 'message-created',
      'ids', json_build_object('messageId', message_id, 'number', number))::text);
    IF from_person <> session.patient_id THEN
      -- By writing, the holder of an alert keeps it.
      SELECT a.id INTO held_alert_id FROM crisis_alerts a
        WHERE a.person_id = session.patient_id AND a.status <> 'resolved' AND NOT a.is_drill
          AND a.holder_id = from_person;
    END IF;
  END $$;
`;
