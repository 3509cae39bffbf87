import type { Knex } from 'knex';
import { isUuid } from '../domain/ids.ts';
import type { SupportParticipantRole } from '../domain/support-session.ts';
import type { AuditInsert } from './audit/entry.ts';
import { runStatement } from './statement.ts';
import type { Statement } from './statement.ts';

export type ChatMessageType = 'text' | 'image' | 'file' | 'emoji';
export type ChatSenderRole = 'patient' | 'peer' | 'counselor' | 'admin';

export interface ChatPerson {
  readonly username: string | null;
  readonly firstName: string;
  readonly preferredName: string | null;
}

export interface ChatReaction {
  readonly personId: string;
  readonly reaction: string;
  readonly createdAt: Date;
}

/** A message as it is stored, with who sent it and how others reacted. */
export interface ChatMessage {
  readonly id: string;
  readonly sessionId: string;
  readonly number: number;
  readonly senderId: string;
  readonly senderRole: ChatSenderRole;
  readonly type: ChatMessageType;
  /** Sealed under the conversation's key. */
  readonly content: Buffer;
  readonly isEncrypted: boolean;
  readonly isCrisis: boolean;
  readonly replyTo: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly editedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly sender: ChatPerson;
  readonly reactions: readonly ChatReaction[];
}

export type ChatMessageRow = Omit<ChatMessage, 'reactions'> & {
  readonly reactions: readonly (Omit<ChatReaction, 'createdAt'> & { readonly createdAt: string })[];
};

/** The columns of {@link ChatMessageRow}, of `chat_messages AS message` and `people AS sender`. */
export const MESSAGE_COLUMNS = `message.id, message.session_id AS "sessionId", message.number,
  message.sender_id AS "senderId", message.sender_role AS "senderRole", message.type,
  message.content, message.is_encrypted AS "isEncrypted", message.is_crisis AS "isCrisis",
  message.reply_to AS "replyTo", message.version, message.created_at AS "createdAt",
  message.edited_at AS "editedAt", message.deleted_at AS "deletedAt",
  json_build_object('username', sender.username, 'firstName', sender.first_name,
    'preferredName', sender.preferred_name) AS sender,
  (SELECT coalesce(json_agg(json_build_object('personId', person_id, 'reaction', reaction,
      'createdAt', created_at) ORDER BY created_at), '[]')
    FROM chat_reactions WHERE message_id = message.id) AS reactions`;

export const MESSAGE_TABLES = `chat_messages AS message
  JOIN people AS sender ON sender.id = message.sender_id`;

export function chatMessageFrom(row: ChatMessageRow): ChatMessage {
  const reactions = row.reactions.map(({ createdAt, ...reaction }) => ({
    ...reaction,
    createdAt: new Date(createdAt),
  }));
  return { ...row, reactions };
}

/** A message whether or not it was deleted; null for none and for no id at all. */
export async function findChatMessage(db: Knex, id: string): Promise<ChatMessage | null> {
  if (!isUuid(id)) return null;
  const { rows } = await db.raw<{ rows: ChatMessageRow[] }>(
    `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLES} WHERE message.id = ?`,
    [id],
  );
  return rows[0] === undefined ? null : chatMessageFrom(rows[0]);
}

/** A message as it is sent. */
export interface NewChatMessage {
  readonly id: string;
  readonly sessionId: string;
  readonly senderId: string;
  readonly senderRole: ChatSenderRole;
  readonly type: ChatMessageType;
  /** Sealed. */
  readonly content: Buffer;
  readonly isEncrypted: boolean;
  readonly isCrisis: boolean;
  /** The digest of the client's own id. */
  readonly clientKey: Buffer | null;
  readonly replyTo: string | null;
  /** The sender's own uploads that the message shows. */
  readonly attachmentIds: readonly string[];
}

/**
 * `known`: the same client's id was sent before, as the message `id`; `known_elsewhere`: into
 * another session. `unseen`: the sender has written since the version that was in view.
 */
export type SendOutcome =
  | {
      readonly outcome: 'sent';
      readonly number: number;
      readonly createdAt: Date;
      readonly chatVersion: number;
      /** The open alert of the session's patient that the sender holds, or held last. */
      readonly heldAlertId: string | null;
      /** Who took part in the session then. */
      readonly participants: readonly string[];
    }
  | { readonly outcome: 'known'; readonly id: string }
  | {
      readonly outcome: 'known_elsewhere' | 'no_session' | 'no_participant' | 'over' | 'unseen';
    };

/**
 * Gives the message its number and writes it with its audit rows, in one statement; its news is for
 * the caller to tell after the commit.
 * `seenVersion` is the sender's {@link SenderView.chatVersion} that the text was screened with;
 * null sends it whatever has come in between.
 */
export async function insertChatMessage(
  db: Knex,
  message: NewChatMessage,
  seenVersion: number | null,
  audit: readonly AuditInsert[],
): Promise<SendOutcome> {
  const [outcome] = await runStatement<SendOutcome>(db, sendStatement(message, seenVersion, audit));
  return outcome!;
}

/** What {@link insertChatMessage} runs. */
export function sendStatement(
  message: NewChatMessage,
  seenVersion: number | null,
  audit: readonly AuditInsert[],
): Statement {
  const values = [
    message.id,
    message.sessionId,
    message.senderId,
    message.senderRole,
    message.type,
    message.content,
    message.isEncrypted,
    message.isCrisis,
    message.clientKey,
    message.replyTo,
    seenVersion,
    message.attachmentIds,
    JSON.stringify(audit),
  ];
  return { name: 'send-chat-message', text: SEND, values };
}

/** The columns of {@link SendOutcome}, of what was `given` and what {@link sendCall} has `sent`. */
export const SENT_COLUMNS = `sent.outcome, sent.id, sent.number, sent.created_at AS "createdAt",
    sent.chat_version AS "chatVersion",
    coalesce(sent.held_alert_id, CASE WHEN given.sender_role <> 'patient' THEN (
      SELECT alert.id FROM support_sessions AS session
      JOIN crisis_alerts AS alert ON alert.person_id = session.patient_id
      WHERE session.id = given.session_id AND alert.status = 'paging' AND NOT alert.is_drill
        AND alert.state->>'lastHolderId' = given.sender_id::text) END) AS "heldAlertId",
    ARRAY(SELECT person_id FROM support_participants AS participant
      WHERE participant.session_id = given.session_id AND left_at IS NULL) AS participants`;

/** What gives a message its number and writes it; `attachments` is SQL for the ids of its files. */
export function sendCall(attachments: string): string {
  return `send_chat_message(given.message_id, given.session_id, given.sender_id,
    given.sender_role, given.type, given.content, given.is_encrypted, given.is_crisis,
    given.client_key, given.reply_to, given.seen_version, ${attachments}, given.audit) AS sent`;
}

const SEND = `SELECT ${SENT_COLUMNS}
  FROM (VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text, $6::bytea, $7::boolean,
      $8::boolean, $9::bytea, $10::uuid, $11::int, $12::uuid[], $13::json)) AS given (message_id, session_id, sender_id,
    sender_role, type, content, is_encrypted, is_crisis, client_key, reply_to, seen_version,
    attachments, audit),
  ${sendCall('given.attachments')}`;

/** What has to be known of a sender before their next message: who they are, what they wrote last. */
export interface SenderView extends ChatPerson {
  readonly role: SupportParticipantRole;
  readonly chatVersion: number;
  /** Sealed, the latest last; deleted ones are among them. */
  readonly lastMessages: readonly {
    readonly id: string;
    readonly version: number;
    readonly content: Buffer;
    readonly createdAt: Date;
  }[];
}

/** So far back the sender's own messages are looked for among all of the session. */
const LOOK_BACK = 500;

/** Null for somebody who has never taken part. */
export async function findSenderView(
  db: Knex,
  sessionId: string,
  personId: string,
  last: { readonly count: number; readonly withinMs: number },
): Promise<SenderView | null> {
  const { rows } = await db.raw<{ rows: SenderViewRow[] }>(SENDER_VIEW, {
    sessionId,
    personId,
    count: last.count,
    seconds: last.withinMs / 1000,
    lookBack: LOOK_BACK,
  });
  const [row] = rows;
  if (row === undefined) return null;
  const lastMessages = row.lastMessages.map(({ content, createdAt, ...message }) => ({
    ...message,
    content: Buffer.from(content, 'base64'),
    createdAt: new Date(createdAt),
  }));
  return { ...row, lastMessages };
}

type SenderViewRow = Omit<SenderView, 'lastMessages'> & {
  readonly lastMessages: readonly {
    readonly id: string;
    readonly version: number;
    readonly content: string;
    readonly createdAt: string;
  }[];
};

const SENDER_VIEW = `
  SELECT person.username, person.first_name AS "firstName",
    person.preferred_name AS "preferredName", participant.role,
    participant.chat_version AS "chatVersion",
    (SELECT coalesce(json_agg(json_build_object('id', id, 'version', version,
        'content', encode(content, 'base64'), 'createdAt', created_at) ORDER BY number), '[]')
      FROM (
        SELECT id, version, content, created_at, number FROM (
          SELECT * FROM chat_messages WHERE session_id = :sessionId
          ORDER BY number DESC LIMIT :lookBack) AS recent
        WHERE sender_id = :personId AND created_at > now() - make_interval(secs => :seconds)
        ORDER BY number DESC LIMIT :count) AS last) AS "lastMessages"
  FROM support_participants AS participant
  JOIN people AS person ON person.id = participant.person_id
  WHERE participant.session_id = :sessionId AND participant.person_id = :personId`;

/** What is needed of messages that others answer, whether or not they were deleted. */
export async function chatMessagesById(
  db: Knex,
  ids: readonly string[],
): Promise<Pick<ChatMessage, 'id' | 'sessionId' | 'content' | 'deletedAt'>[]> {
  if (ids.length === 0) return [];
  return db('chat_messages')
    .whereIn('id', [...new Set(ids)])
    .select({ id: 'id', sessionId: 'session_id', content: 'content', deletedAt: 'deleted_at' });
}
