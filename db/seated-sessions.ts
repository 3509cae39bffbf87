import type { Knex } from 'knex';
import { nextDeadline } from '../domain/session.ts';
import { type BatchWish, claimTogether } from './batch-bookings.ts';
import { type NewGroupSession, bookedRow, wishesOf } from './bookings.ts';
import { exceedsLimits } from './client-limits.ts';
import { writeGroupSession } from './group-sessions.ts';
import { type SeatWish, insertSeat } from './seat-transitions.ts';

export type SeatedOutcome =
  | { readonly kind: 'booked' }
  /** Whose calendars are taken, the therapist's among them or not. The caller rolls back. */
  | { readonly kind: 'busy' | 'limit_exceeded'; readonly personIds: readonly string[] };

/**
 * Books a session together with everybody's seat in it: all claims go into one statement. On any
 * outcome but `booked` the caller must roll back.
 */
export async function insertWithSeats(
  trx: Knex.Transaction,
  session: NewGroupSession,
  seats: readonly SeatWish[],
): Promise<SeatedOutcome> {
  const wishes = claimsOf(session, seats);
  const granted = new Set((await claimTogether(trx, wishes)).map(({ personId }) => personId));
  const busy = wishes.map(({ personId }) => personId).filter((id) => !granted.has(id));
  if (busy.length > 0) return { kind: 'busy', personIds: busy };
  const row = bookedRow(session);
  // In one order for all, since each person is locked while they are counted.
  const ordered = seats.toSorted((a, b) => a.personId.localeCompare(b.personId));
  const beyond: string[] = [];
  for (const seat of ordered) {
    if (await exceedsLimits(trx, seat.personId, row)) beyond.push(seat.personId);
  }
  if (beyond.length > 0) return { kind: 'limit_exceeded', personIds: beyond };
  await writeGroupSession(trx, session);
  for (const seat of seats) await insertSeat(trx, row, seat);
  return { kind: 'booked' };
}

/** What a session and its seats want of calendars: the therapist's buffers, else the time itself. */
export function claimsOf(session: NewGroupSession, seats: readonly SeatWish[]): BatchWish[] {
  const { id: sessionId, state } = session;
  const common = { sessionId, slot: 'current' } as const;
  const times = { startMs: state.startsAt, endMs: state.endsAt };
  return [
    ...wishesOf(session).map((wish) => ({ ...common, ...wish, expiresAtMs: null })),
    ...seats.map((seat) => ({
      ...common,
      ...times,
      personId: seat.personId,
      expiresAtMs: nextDeadline(seat.state)?.dueAt ?? null,
    })),
  ];
}
