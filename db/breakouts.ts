import type { Knex } from 'knex';

/** A breakout room that is open. */
export interface BreakoutRow {
  readonly id: string;
  /** Sealed. */
  readonly name: Buffer;
  readonly endsAt: Date | null;
  readonly personIds: readonly string[];
}

export interface NewBreakout {
  readonly id: string;
  readonly name: Buffer;
  readonly personIds: readonly string[];
}

/** The open rooms of a session with who belongs in each; a room whose time is over is none. */
export async function openBreakouts(db: Knex, sessionId: string): Promise<BreakoutRow[]> {
  const { rows } = await db.raw<{ rows: BreakoutRow[] }>(
    `SELECT room.id, room.name, room.ends_at AS "endsAt",
       ARRAY(SELECT person_id FROM breakout_members WHERE breakout_id = room.id
         ORDER BY assigned_at, person_id) AS "personIds"
     FROM breakout_rooms room
     WHERE room.session_id = ? AND room.closed_at IS NULL
       AND (room.ends_at IS NULL OR room.ends_at > clock_timestamp())
     ORDER BY room.opened_at, room.id`,
    [sessionId],
  );
  return rows;
}

/** Opens rooms in the place of those that there are. The session's row must be locked. */
export async function replaceBreakouts(
  trx: Knex.Transaction,
  sessionId: string,
  rooms: readonly NewBreakout[],
  endsAt: Date | null,
): Promise<void> {
  await closeBreakouts(trx, sessionId);
  await trx('breakout_rooms').insert(
    rooms.map(({ id, name }) => ({ id, session_id: sessionId, name, ends_at: endsAt })),
  );
  for (const { id, personIds } of rooms) await assignBreakout(trx, sessionId, id, personIds);
}

/** Nobody is in two at once: the latest word counts. */
export async function assignBreakout(
  trx: Knex.Transaction,
  sessionId: string,
  breakoutId: string,
  personIds: readonly string[],
): Promise<void> {
  await trx.raw(
    `INSERT INTO breakout_members (session_id, person_id, breakout_id)
     SELECT :sessionId, person_id, :breakoutId FROM unnest(CAST(:personIds AS uuid[])) AS person_id
     ON CONFLICT (session_id, person_id)
       DO UPDATE SET breakout_id = excluded.breakout_id, assigned_at = now()`,
    { sessionId, breakoutId, personIds: [...personIds] },
  );
}

export async function closeBreakouts(trx: Knex.Transaction, sessionId: string): Promise<void> {
  await trx('breakout_members').where({ session_id: sessionId }).delete();
  await trx('breakout_rooms')
    .where({ session_id: sessionId })
    .whereNull('closed_at')
    .update({ closed_at: trx.fn.now() });
}
