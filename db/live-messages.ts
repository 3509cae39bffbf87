import type { Knex } from 'knex';

/** Who takes part in each of these support sessions now. */
export async function participantsOf(
  db: Knex,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await db.raw<{ rows: { sessionId: string; people: string[] }[] }>(
    `SELECT session_id AS "sessionId", array_agg(person_id) AS people
     FROM support_participants WHERE session_id = ANY(?) AND left_at IS NULL GROUP BY session_id`,
    [[...sessionIds]],
  );
  return new Map(rows.map(({ sessionId, people }) => [sessionId, new Set(people)]));
}

/** The number of the last message of each of these sessions. */
export async function lastMessageNumbers(
  db: Knex,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.raw<{ rows: { id: string; last: number }[] }>(
    'SELECT id, message_count AS last FROM support_sessions WHERE id = ANY(?)',
    [[...sessionIds]],
  );
  return new Map(rows.map(({ id, last }) => [id, last]));
}

/** The number of a message of this session; null where it is none of it. */
export async function findMessageNumber(
  db: Knex,
  sessionId: string,
  messageId: string,
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { number: number }[] }>(
    'SELECT number FROM chat_messages WHERE id = ? AND session_id = ?',
    [messageId, sessionId],
  );
  return rows[0]?.number ?? null;
}
