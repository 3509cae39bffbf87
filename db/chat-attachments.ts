import type { Knex } from 'knex';
import type { AttachmentKind } from '../domain/attachments.ts';
import { isUuid } from '../domain/ids.ts';

/** An uploaded file of a support session. */
export interface ChatAttachment {
  readonly id: string;
  readonly sessionId: string;
  readonly uploaderId: string;
  readonly kind: AttachmentKind;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Sealed: its name and the key of its bytes. */
  readonly details: Buffer;
  /** The message that shows it, if any. */
  readonly messageId: string | null;
}

const COLUMNS = {
  id: 'file.id',
  sessionId: 'file.session_id',
  uploaderId: 'file.uploader_id',
  kind: 'file.kind',
  mediaType: 'file.media_type',
  sizeBytes: 'file.size_bytes',
  details: 'file.details',
  messageId: 'file.message_id',
};

export async function insertAttachment(
  trx: Knex.Transaction,
  file: Omit<ChatAttachment, 'messageId'>,
): Promise<void> {
  await trx('chat_attachments').insert({
    id: file.id,
    session_id: file.sessionId,
    uploader_id: file.uploaderId,
    kind: file.kind,
    media_type: file.mediaType,
    size_bytes: file.sizeBytes,
    details: file.details,
  });
}

/** Null for none, for no id at all, and once the message that shows it was deleted. */
export async function findAttachment(db: Knex, id: string): Promise<ChatAttachment | null> {
  if (!isUuid(id)) return null;
  const found: ChatAttachment | undefined = await db('chat_attachments AS file')
    .leftJoin('chat_messages AS message', 'message.id', 'file.message_id')
    .where('file.id', id)
    .whereNull('message.deleted_at')
    .first(COLUMNS);
  return found ?? null;
}

/** Those that one person uploaded to one session. */
export async function attachmentsOf(
  db: Knex,
  sessionId: string,
  uploaderId: string,
  ids: readonly string[],
): Promise<ChatAttachment[]> {
  return db('chat_attachments AS file')
    .where({ 'file.session_id': sessionId, 'file.uploader_id': uploaderId })
    .whereIn('file.id', [...ids])
    .select(COLUMNS);
}

/** Forgets uploads that no message has shown for so long, and tells which. */
export async function forgetOrphans(db: Knex, livesMs: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `DELETE FROM chat_attachments WHERE message_id IS NULL
       AND created_at < now() - make_interval(secs => ?) RETURNING id`,
    [livesMs / 1000],
  );
  return rows.map(({ id }) => id);
}

/** Which of these files nothing in the record knows. */
export async function unknownFiles(db: Knex, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM unnest(?::uuid[]) AS given (id)
     WHERE NOT EXISTS (SELECT FROM chat_attachments AS file WHERE file.id = given.id)
       AND NOT EXISTS (SELECT FROM recording_tracks AS track WHERE track.id = given.id)`,
    [[...ids]],
  );
  return rows.map(({ id }) => id);
}
