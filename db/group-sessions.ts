import type { Knex } from 'knex';
import { type NewGroupSession, bookedRow, wishesOf } from './bookings.ts';
import { tryClaim } from './claims.ts';

/**
 * Makes a group's session: the therapist's time is claimed, members come later. False when the
 * time is taken; then nothing was written.
 */
export async function insertGroupSession(
  trx: Knex.Transaction,
  session: NewGroupSession,
): Promise<boolean> {
  const options = { slot: 'current', expiresAtMs: null } as const;
  if (!(await tryClaim(trx, session.id, wishesOf(session), options))) return false;
  await writeGroupSession(trx, session);
  return true;
}

/** The session's row, first event and news, once its time has been claimed. */
export async function writeGroupSession(
  trx: Knex.Transaction,
  session: NewGroupSession,
): Promise<void> {
  const booked = bookedRow(session);
  const details = booked.details === null ? null : `\\x${booked.details.toString('hex')}`;
  const row = { ...booked, details };
  const { status, startsAt, endsAt } = session.state;
  await trx.raw(
    `WITH booked AS (
       INSERT INTO sessions SELECT * FROM jsonb_populate_record(null::sessions, ?::jsonb)),
     noted AS (
       INSERT INTO session_events (session_id, kind, actor_id, data) VALUES (?, 'booked', ?, ?))
     INSERT INTO outbox (topic, clinic_id, payload) VALUES ('session.changed', ?, ?)`,
    [
      JSON.stringify(row),
      session.id,
      session.createdBy,
      JSON.stringify({ status, startsAt }),
      session.clinicId,
      JSON.stringify({
        sessionId: session.id,
        status,
        event: 'booked',
        version: 1,
        actorId: session.createdBy,
        startsAt,
        endsAt,
      }),
    ],
  );
}
