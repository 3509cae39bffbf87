import type { Knex } from 'knex';

/**
 * Of all who ask for a human at once, the id that the support session of them all is to have: the
 * one given, unless another was before it, whose session is not over. Null for no such conversation.
 */
export async function reserveHandOver(
  db: Knex,
  id: string,
  sessionId: string,
): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { readonly reserved: string }[] }>(
    `UPDATE companion_conversations AS c
     SET reserved_hand_over = CASE
       WHEN c.reserved_hand_over IS NULL OR EXISTS (
         SELECT FROM support_sessions AS session
         WHERE session.id = c.reserved_hand_over AND session.status IN ('closed', 'cancelled'))
       THEN :sessionId ELSE c.reserved_hand_over END
     WHERE c.id = :id RETURNING c.reserved_hand_over AS reserved`,
    { id, sessionId },
  );
  return rows[0]?.reserved ?? null;
}

/**
 * Notes in which support session a human goes on; until they have a summary, it is asked for. False
 * where it is noted already.
 */
export async function noteHandOver(db: Knex, id: string, sessionId: string): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `UPDATE companion_conversations
     SET handed_over_to = :sessionId, is_summary_shared = false, awaits_consent = true,
       version = version + 1
     WHERE id = :id AND handed_over_to IS DISTINCT FROM :sessionId`,
    { id, sessionId },
  );
  return rowCount === 1;
}

export async function noteSharedSummary(db: Knex, id: string): Promise<void> {
  await db.raw(
    `UPDATE companion_conversations
     SET is_summary_shared = true, awaits_consent = false, version = version + 1 WHERE id = ?`,
    [id],
  );
}
