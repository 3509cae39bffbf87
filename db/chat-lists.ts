import type { Knex } from 'knex';
import { MESSAGE_COLUMNS, MESSAGE_TABLES, chatMessageFrom } from './chat-messages.ts';
import type { ChatMessage, ChatMessageRow } from './chat-messages.ts';

/** Of a session's messages, those strictly between two numbers and two instants; null is open. */
export interface MessageRange {
  readonly afterNumber: number | null;
  readonly beforeNumber: number | null;
  readonly afterAt: Date | null;
  readonly beforeAt: Date | null;
}

export const EVERYTHING: MessageRange = {
  afterNumber: null,
  beforeNumber: null,
  afterAt: null,
  beforeAt: null,
};

/** Which end of a range to begin at. */
export type ReadFrom = 'oldest' | 'newest';

const WITHIN = `message.session_id = :sessionId AND message.deleted_at IS NULL
  AND message.number > coalesce(:afterNumber::int, 0)
  AND message.number < coalesce(:beforeNumber::int, 2147483647)
  AND message.created_at > coalesce(:afterAt::timestamptz, '-infinity')
  AND message.created_at < coalesce(:beforeAt::timestamptz, 'infinity')`;

/** At most `limit` messages from one end of a range, in order of their numbers. */
export async function listChatMessages(
  db: Knex,
  sessionId: string,
  range: MessageRange,
  { from, limit }: { readonly from: ReadFrom; readonly limit: number },
): Promise<ChatMessage[]> {
  const order = from === 'oldest' ? 'ASC' : 'DESC';
  const { rows } = await db.raw<{ rows: ChatMessageRow[] }>(
    `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLES} WHERE ${WITHIN}
     ORDER BY message.number ${order} LIMIT :limit`,
    { sessionId, ...range, limit },
  );
  const messages = rows.map((row) => chatMessageFrom(row));
  return from === 'oldest' ? messages : messages.toReversed();
}

/** A message as a search looks at it. */
export interface ScannedMessage {
  readonly id: string;
  readonly sessionId: string;
  readonly number: number;
  readonly content: Buffer;
}

/** As {@link listChatMessages}, the first from that end first, with no more than a search needs. */
export async function scanChatMessages(
  db: Knex,
  sessionId: string,
  range: MessageRange,
  { from, limit }: { readonly from: ReadFrom; readonly limit: number },
): Promise<ScannedMessage[]> {
  const order = from === 'oldest' ? 'ASC' : 'DESC';
  const { rows } = await db.raw<{ rows: ScannedMessage[] }>(
    `SELECT message.id, message.session_id AS "sessionId", message.number, message.content
     FROM chat_messages AS message WHERE ${WITHIN}
     ORDER BY message.number ${order} LIMIT :limit`,
    { sessionId, ...range, limit },
  );
  return rows;
}

/** Those of the session that were not deleted, in order of their numbers. */
export async function findChatMessages(
  db: Knex,
  sessionId: string,
  ids: readonly string[],
): Promise<ChatMessage[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.raw<{ rows: ChatMessageRow[] }>(
    `SELECT ${MESSAGE_COLUMNS} FROM ${MESSAGE_TABLES}
     WHERE message.session_id = ? AND message.id = ANY (?::uuid[]) AND message.deleted_at IS NULL
     ORDER BY message.number`,
    [sessionId, [...ids]],
  );
  return rows.map((row) => chatMessageFrom(row));
}

export interface MessageCounts {
  readonly total: number;
  /** Messages in which the detector found something. */
  readonly crisis: number;
}

/** What there is in the session, but for what was deleted. */
export async function countChatMessages(db: Knex, sessionId: string): Promise<MessageCounts> {
  const { rows } = await db.raw<{ rows: [MessageCounts] }>(
    `SELECT count(*)::int AS total, count(*) FILTER (WHERE is_crisis)::int AS crisis
     FROM chat_messages WHERE session_id = ? AND deleted_at IS NULL`,
    [sessionId],
  );
  return rows[0];
}

/** The number of one of the session's messages, deleted or not; null for none of it. */
export async function numberOfMessage(
  db: Knex,
  sessionId: string,
  id: string,
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { number: number }[] }>(
    'SELECT number FROM chat_messages WHERE session_id = ? AND id = ?',
    [sessionId, id],
  );
  return rows[0]?.number ?? null;
}

/** A message of a session, with what tells how its sender is shown there. */
export interface ChatMessageInSession extends ChatMessage {
  readonly patientId: string;
  readonly isAnonymous: boolean;
  readonly isChatRoom: boolean;
}

/** Of several sessions, all messages after a number of each; at most `limit` in all. Deleted ones too. */
export async function chatMessagesAfter(
  db: Knex,
  ranges: readonly { readonly sessionId: string; readonly after: number }[],
  limit: number,
): Promise<ChatMessageInSession[]> {
  type Row = ChatMessageRow &
    Pick<ChatMessageInSession, 'patientId' | 'isAnonymous' | 'isChatRoom'>;
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT ${MESSAGE_COLUMNS}, session.patient_id AS "patientId",
       session.is_anonymous AS "isAnonymous", session.is_chat_room AS "isChatRoom"
     FROM unnest(?::uuid[], ?::int[]) AS range (session_id, after)
     JOIN support_sessions AS session ON session.id = range.session_id
     JOIN ${MESSAGE_TABLES} ON message.session_id = range.session_id
       AND message.number > range.after
     ORDER BY message.session_id, message.number LIMIT ?`,
    [ranges.map(({ sessionId }) => sessionId), ranges.map(({ after }) => after), limit],
  );
  return rows.map((row) => {
    const { patientId, isAnonymous, isChatRoom } = row;
    return { ...chatMessageFrom(row), patientId, isAnonymous, isChatRoom };
  });
}
