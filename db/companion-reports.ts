import type { Knex } from 'knex';

/** A report of what was said in a turn, its words sealed for its alert. */
export interface TurnReport {
  readonly triggerId: string;
  readonly alertId: string;
  readonly details: Buffer;
}

/** What help was called for in a conversation, the newest first. */
export async function listReportsOfTurns(
  db: Knex,
  conversationId: string,
  limit: number,
): Promise<TurnReport[]> {
  const { rows } = await db.raw<{ rows: TurnReport[] }>(
    `SELECT report.id AS "triggerId", report.alert_id AS "alertId", report.details
     FROM companion_turns AS t JOIN crisis_triggers AS report ON report.message_id = t.id
     WHERE t.conversation_id = ? AND t.is_crisis AND report.details IS NOT NULL
     ORDER BY t.number DESC LIMIT ?`,
    [conversationId, limit],
  );
  return rows;
}
