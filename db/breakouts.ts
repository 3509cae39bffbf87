import type { Knex } from 'knex';
import type { FieldRef } from '../crypto/field-cipher.ts';
import type { Breakouts } from '../domain/room-state.ts';
import type { Sealing } from './sealing.ts';

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

export function breakoutNameRef(sessionId: string, id: string): FieldRef {
  return { purpose: 'room', objectId: sessionId, column: 'breakout_name', rowId: id };
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
  await trx('breakout_rooms')
    .insert(
      rooms.map(({ id, name }) => ({
        id,
        session_id: sessionId,
        name,
        ends_at: endsAt,
        closed_at: null,
      })),
    )
    .onConflict('id')
    .merge(['ends_at', 'closed_at']);
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
     SELECT :sessionId, id, :breakoutId FROM people WHERE id = ANY (CAST(:personIds AS uuid[]))
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

/** Breakouts as their room has them, with everybody's place. */
export interface BreakoutPlan {
  readonly endsAt: number | null;
  readonly rooms: readonly {
    readonly id: string;
    readonly name: string;
    readonly personIds: readonly string[];
  }[];
}

/** Notes what has become of a session's breakouts in its room; null where there are none any more. */
export async function keepBreakouts(
  { knex, cipher }: Sealing,
  sessionId: string,
  plan: BreakoutPlan | null,
): Promise<void> {
  await knex.transaction(async (trx) => {
    const session = await trx('sessions').where({ id: sessionId }).forNoKeyUpdate().first('id');
    if (session === undefined) return;
    if (plan === null) return closeBreakouts(trx, sessionId);
    const sealed = await Promise.all(
      plan.rooms.map(async ({ id, name, personIds }) => ({
        id,
        personIds,
        name: await cipher.sealField(trx, breakoutNameRef(sessionId, id), name),
      })),
    );
    await replaceBreakouts(
      trx,
      sessionId,
      sealed,
      plan.endsAt === null ? null : new Date(plan.endsAt),
    );
  });
}

/** What a room that opens for the first time finds: everybody is awaited where they belong. */
export async function plannedBreakouts(
  { knex, cipher }: Sealing,
  sessionId: string,
): Promise<Breakouts | null> {
  const rows = await openBreakouts(knex, sessionId);
  if (rows.length === 0) return null;
  const names = await cipher.openFields(
    knex,
    rows.map(({ id, name }) => ({ ref: breakoutNameRef(sessionId, id), sealed: name })),
  );
  return {
    rooms: Object.fromEntries(rows.map(({ id }, index) => [id, { name: names[index]! }])),
    endsAt: rows[0]?.endsAt?.getTime() ?? null,
    awaited: Object.fromEntries(
      rows.flatMap(({ id, personIds }) => personIds.map((personId) => [personId, id])),
    ),
  };
}
