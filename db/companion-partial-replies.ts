import type { Knex } from 'knex';

/** A turn whose reply a model is writing. */
export interface PartialTurn {
  readonly id: string;
  readonly conversationId: string;
  readonly personId: string;
}

/** The alert of a person's that nobody has answered yet. */
const PAGING = `SELECT id FROM crisis_alerts
  WHERE person_id = :personId AND status = 'paging' AND NOT is_drill`;

/**
 * Keeps as much of a model's reply as was checked; the person's sockets are told where to find it.
 * False where no more of it is to be shown: an alert of theirs pages, or there is a reply that counts.
 */
export async function keepPartialReply(
  db: Knex,
  turn: PartialTurn,
  partial: Buffer,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `WITH kept AS (
       UPDATE companion_turns SET partial = :partial
       WHERE id = :id AND source = 'guided' AND NOT EXISTS (${PAGING}) RETURNING number)
     SELECT pg_notify('holdfast_broadcast', json_build_object('room', 'person:' || :personId::text,
       'event', 'companion-reply-part', 'ids', json_build_object(
         'conversationId', :conversationId::text, 'turnId', :id::text, 'number', number))::text)
     FROM kept`,
    { ...turn, partial },
  );
  return rows.length > 0;
}

/**
 * A model's reply broke off: what was shown of it gives way to the guided companion's. Gives the alert
 * of the person's that pages, if one does: then nothing is dropped, for only the reply to a crisis may
 * take its place.
 */
export async function dropPartialReply(db: Knex, turn: PartialTurn): Promise<string | null> {
  const { rows } = await db.raw<{ rows: [{ alertId: string | null }] }>(
    `WITH alarm AS (${PAGING}), dropped AS (
       UPDATE companion_turns SET partial = NULL
       WHERE id = :id AND partial IS NOT NULL AND NOT EXISTS (SELECT FROM alarm)
       RETURNING number)
     SELECT (SELECT id FROM alarm) AS "alertId",
       (SELECT pg_notify('holdfast_broadcast', json_build_object('room', 'person:' || :personId::text,
         'event', 'companion-reply', 'ids', json_build_object(
           'conversationId', :conversationId::text, 'turnId', :id::text, 'number', number))::text)
        FROM dropped)`,
    { ...turn },
  );
  return rows[0].alertId;
}
