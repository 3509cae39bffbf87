import { startSession } from '../../activities/session/starting.ts';
import type { NewGroupSession } from '../../db/bookings.ts';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { settleHosted } from '../../db/hosted-sessions.ts';
import type { SeatWish } from '../../db/seat-transitions.ts';
import { type SeatedOutcome, claimsOf, insertWithSeats } from '../../db/seated-sessions.ts';
import { findSeat, liveSeats } from '../../db/seats.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { startAll } from './hold.ts';
import { unavailable } from './messages.ts';

/** Books a session with everybody's seat; a lapsed hold in the way goes first. Throws who is not free. */
export async function bookSeats(
  call: Call,
  session: NewGroupSession,
  seats: readonly SeatWish[],
  isRecorded: boolean,
): Promise<void> {
  const once = (): Promise<SeatedOutcome> => bookSeatsOnce(call, session, seats, isRecorded);
  const first = await once();
  if (first.kind === 'booked') return;
  const released =
    first.kind === 'busy'
      ? await releaseExpiredInTheWay(call.deps.knex, claimsOf(session, seats))
      : 0;
  const outcome = released > 0 ? await once() : first;
  if (outcome.kind !== 'booked') throw refusalOf(call, outcome);
}

class NotBooked extends Error {
  readonly outcome: SeatedOutcome;
  constructor(outcome: SeatedOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

async function bookSeatsOnce(
  { deps, principal, requestId }: Call,
  session: NewGroupSession,
  seats: readonly SeatWish[],
  isRecorded: boolean,
): Promise<SeatedOutcome> {
  const context = auditContext(principal, requestId);
  try {
    return await inTransaction(deps.knex, context, async (trx, audit) => {
      const outcome = await insertWithSeats(trx, session, seats);
      if (outcome.kind !== 'booked') throw new NotBooked(outcome);
      await settleHosted(trx, session.id, { isRecorded });
      audit({
        action: 'session.booked',
        objectType: 'session',
        objectId: session.id,
        changes: { status: session.state.status, seats: seats.length },
      });
      for (const { id, personId } of seats) {
        const target = { objectType: 'enrolment', objectId: id, subjectId: personId };
        audit({ action: 'enrolment.joined', ...target, changes: { sessionId: session.id } });
      }
      return outcome;
    });
  } catch (error) {
    if (error instanceof NotBooked) return error.outcome;
    throw error;
  }
}

type Refused = Exclude<SeatedOutcome, { kind: 'booked' }>;

/** Why it was not booked, with who is in the way. */
export function refusalOf({ principal }: Call, { kind, personIds }: Refused): HoldfastError {
  if (kind === 'limit_exceeded') {
    return new HoldfastError(
      'booking_limit_exceeded',
      'Somebody has as many sessions open as the clinic allows, pending ones included.',
      { participantIds: personIds },
    );
  }
  if (personIds.includes(principal.personId)) {
    return new HoldfastError('slot_unavailable', 'You are not free at this time.');
  }
  const message = 'Not everybody is free at this time.';
  return new HoldfastError('client_unavailable', message, { participantIds: personIds });
}

/** Seats that get their workflows at the same time. */
const AT_ONCE = 8;

/** The session and everybody's part in it get their workflows. Throws `dependency_unavailable`. */
export async function startWithSeats(call: Call, sessionId: string): Promise<void> {
  const { knex, temporal } = call.deps;
  const session = await findSession(knex, sessionId);
  if (session === null) throw new HoldfastError('not_found', 'There is no such session.');
  await startAll(call.deps, [session]);
  if (session.group_terms === null) return;
  const seatIds = await liveSeats(knex, sessionId);
  for (let at = 0; at < seatIds.length; at += AT_ONCE) {
    const seats = await Promise.all(
      seatIds.slice(at, at + AT_ONCE).map((id) => findSeat(knex, id)),
    );
    const fresh = seats.filter((seat): seat is NonNullable<typeof seat> => isUnstarted(seat));
    await Promise.all(fresh.map((seat) => startSession(temporal, seat))).catch((error: unknown) => {
      throw unavailable(error);
    });
  }
}

function isUnstarted(row: SessionRow | null): boolean {
  return row !== null && row.workflow_started_at === null;
}
