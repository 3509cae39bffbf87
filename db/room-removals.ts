import type { Knex } from 'knex';

/** Somebody was removed from a session's room, though they may have a seat in it. */
export async function noteRemoval(
  trx: Knex.Transaction,
  removal: { readonly sessionId: string; readonly personId: string; readonly by: string },
): Promise<void> {
  await trx.raw(
    `INSERT INTO room_removals (session_id, person_id, removed_by)
     VALUES (:sessionId, :personId, :by)
     ON CONFLICT (session_id, person_id)
       DO UPDATE SET removed_by = excluded.removed_by, removed_at = excluded.removed_at`,
    { ...removal },
  );
}

/** Whoever was removed may come again. */
export async function liftRemovals(
  trx: Knex.Transaction,
  sessionId: string,
  personIds: readonly string[],
): Promise<void> {
  await trx('room_removals')
    .where({ session_id: sessionId })
    .whereIn('person_id', [...personIds])
    .delete();
}

/**
 * A removal holds for the seat that somebody had: with a new one they may come again. Resolves to whose
 * it is and who gives the session, or to null where they were removed since.
 */
export async function liftForSeat(
  trx: Knex.Transaction,
  enrolmentId: string,
): Promise<{ readonly personId: string; readonly therapistId: string } | null> {
  const { rows } = await trx.raw<{ rows: { personId: string; therapistId: string }[] }>(
    `WITH seat AS (
       SELECT session_id, person_id, therapist_id, enrolments.created_at
       FROM enrolments JOIN sessions ON sessions.id = session_id WHERE enrolments.id = ?),
     lifted AS (
       DELETE FROM room_removals AS removal USING seat
       WHERE removal.session_id = seat.session_id AND removal.person_id = seat.person_id
         AND removal.removed_at <= seat.created_at)
     SELECT person_id AS "personId", therapist_id AS "therapistId" FROM seat
     WHERE NOT EXISTS (SELECT FROM room_removals AS removal
       WHERE removal.session_id = seat.session_id AND removal.person_id = seat.person_id
         AND removal.removed_at > seat.created_at)`,
    [enrolmentId],
  );
  return rows[0] ?? null;
}
