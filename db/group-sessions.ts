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
  const { status, startsAt, endsAt } = session.state;
  await trx.raw(
    `WITH booked AS (
       INSERT INTO sessions SELECT * FROM jsonb_populate_record(null::sessions, ?::jsonb)),
     noted AS (
       INSERT INTO session_events (session_id, kind, actor_id, data) VALUES (?, 'booked', ?, ?))
     INSERT INTO outbox (topic, clinic_id, payload) VALUES ('session.changed', ?, ?)`,
    [
      JSON.stringify(bookedRow(session)),
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
  return true;
}
