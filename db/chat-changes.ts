import type { Knex } from 'knex';

/**
 * Replaces a message's text, keeps the one before, and tells when. Null when it has changed since
 * `version` or was deleted.
 */
export async function replaceContent(
  trx: Knex.Transaction,
  message: { readonly id: string; readonly version: number },
  content: Buffer,
  isCrisis: boolean,
): Promise<Date | null> {
  const { rows } = await trx.raw<{ rows: { editedAt: Date }[] }>(
    `WITH before AS (
       SELECT id, session_id, sender_id, version, content FROM chat_messages
       WHERE id = :id AND version = :version AND deleted_at IS NULL FOR NO KEY UPDATE),
     kept AS (
       INSERT INTO chat_edits (message_id, version, content)
       SELECT id, version, content FROM before),
     noticed AS (
       UPDATE support_participants AS participant SET chat_version = chat_version + 1
       FROM before WHERE participant.session_id = before.session_id
         AND participant.person_id = before.sender_id)
     UPDATE chat_messages AS message SET content = :content, version = message.version + 1,
       edited_at = clock_timestamp(), is_crisis = message.is_crisis OR :isCrisis
     FROM before WHERE message.id = before.id
     RETURNING message.edited_at AS "editedAt"`,
    { id: message.id, version: message.version, content, isCrisis },
  );
  return rows[0]?.editedAt ?? null;
}

/** Takes a message out of every list; what it said stays, sealed. False when that was done before. */
export async function markDeleted(
  trx: Knex.Transaction,
  id: string,
  deletedBy: string,
): Promise<boolean> {
  const result = await trx.raw<{ rowCount: number }>(
    `UPDATE chat_messages SET deleted_at = clock_timestamp(), deleted_by = ?
     WHERE id = ? AND deleted_at IS NULL`,
    [deletedBy, id],
  );
  return result.rowCount === 1;
}

export type Toggled = 'added' | 'removed';

/** A person may react to one message in so many ways. */
const MOST_REACTIONS = 20;

/** Adds a person's reaction, or takes it back. Null when there are too many already. */
export async function toggleReaction(
  trx: Knex.Transaction,
  reaction: { readonly messageId: string; readonly personId: string; readonly reaction: string },
): Promise<Toggled | null> {
  // Two clicks at once are two toggles, one after the other.
  await trx.raw('SELECT FROM chat_messages WHERE id = ? FOR NO KEY UPDATE', [reaction.messageId]);
  const place = {
    message_id: reaction.messageId,
    person_id: reaction.personId,
    reaction: reaction.reaction,
  };
  if ((await trx('chat_reactions').where(place).delete()) > 0) return 'removed';
  const { message_id, person_id } = place;
  const [counted] = await trx('chat_reactions').where({ message_id, person_id }).count();
  if (Number(counted?.['count']) >= MOST_REACTIONS) return null;
  await trx('chat_reactions').insert(place);
  return 'added';
}
