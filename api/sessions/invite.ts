import { v7 as uuidv7 } from 'uuid';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { followChatRoom } from '../../db/chat-rooms.ts';
import { findInvited } from '../../db/hosted-sessions.ts';
import { askRoom } from '../../db/room-commands.ts';
import { liftRemovals } from '../../db/room-removals.ts';
import { wasRoomPlaced } from '../../db/rooms.ts';
import { type SeatOutcome, type SeatWish, takeSeat } from '../../db/seat-transitions.ts';
import { type SeatRow, findSessionFor, hasSeats, isSeat } from '../../db/seats.ts';
import { type SessionRow, stateOf } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isEnded } from '../../domain/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import * as acts from './acts.ts';
import { startWithSeats } from './book-seats.ts';
import { seatFor } from './host-session.ts';

interface Refused {
  readonly kind: Exclude<SeatOutcome['kind'], 'seated' | 'seated_before'>;
  readonly personId: string;
}

/**
 * Gives people a seat each in a session that has not begun, all of them or none; who has one keeps
 * it. Throws `slot_unavailable` where there are not as many seats, `client_unavailable` with
 * `participantIds`, `booking_limit_exceeded`, `wrong_state`, and `not_found` for somebody unknown.
 */
export async function invite(
  call: Call,
  session: SessionRow,
  ids: readonly string[],
): Promise<void> {
  const { deps } = call;
  const invited = ids.filter((id) => id !== session.therapist_id);
  const people = await findInvited(deps.knex, session.clinic_id, invited);
  if (!hasSeats(session)) {
    stayAsOne(session, invited);
    return letBackIn(call, session, invited);
  }
  const wishes = people.map(({ id }) => seatWish(call, session, id));
  const first = await takeAll(call, wishes);
  const refused = first?.kind === 'person_busy' ? await again(call, session, wishes, first) : first;
  if (refused !== null) throw refusalOf(refused);
  await letBackIn(call, session, invited);
  await startWithSeats(call, session.id);
}

/** Whoever was removed from the room may come to it again; before it has opened, nobody was. */
async function letBackIn(
  { deps, principal, requestId }: Call,
  session: SessionRow,
  ids: readonly string[],
): Promise<void> {
  if (!(await wasRoomPlaced(deps.knex, session.id))) return;
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    await liftRemovals(trx, session.id, ids);
    await followChatRoom(trx, audit, session.id);
  });
  const by = principal.personId;
  for (const personId of ids) await askRoom(deps, session.id, { type: 'readmit', by, personId });
}

/** Whoever is in it already is no change. */
function stayAsOne(session: SessionRow, invited: readonly string[]): void {
  if (invited.every((id) => id === session.client_id)) return;
  throw new HoldfastError('slot_unavailable', 'An individual session is for one participant.');
}

function seatWish(call: Call, session: SessionRow, personId: string): SeatWish {
  const { id, plan, price_cents: priceCents, time_zone: timeZone } = session;
  const terms = { id, plan, priceCents, timeZone, state: stateOf(session) };
  return seatFor(call, terms, { personId, id: uuidv7(), now: Date.now() });
}

async function again(
  call: Call,
  session: SessionRow,
  wishes: readonly SeatWish[],
  refused: Refused,
): Promise<Refused | null> {
  const [startMs, endMs] = [session.starts_at.getTime(), session.ends_at.getTime()];
  const inTheWay = wishes.map(({ personId }) => ({ personId, startMs, endMs }));
  const released = await releaseExpiredInTheWay(call.deps.knex, inTheWay);
  return released > 0 ? takeAll(call, wishes) : refused;
}

class NotSeated extends Error {
  readonly refused: Refused;
  constructor(refused: Refused) {
    super(refused.kind);
    this.refused = refused;
  }
}

/** In the order of people, as every claim is made. Null once everybody has a seat. */
async function takeAll(call: Call, wishes: readonly SeatWish[]): Promise<Refused | null> {
  const { deps, principal, requestId } = call;
  const ordered = wishes.toSorted((a, b) => a.personId.localeCompare(b.personId));
  try {
    await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
      for (const wish of ordered) {
        const { kind } = await takeSeat(trx, wish);
        if (kind === 'seated_before') continue;
        if (kind !== 'seated') throw new NotSeated({ kind, personId: wish.personId });
        const target = { objectType: 'enrolment', objectId: wish.id, subjectId: wish.personId };
        const changes = { sessionId: wish.sessionId, status: wish.state.status };
        audit({ action: 'enrolment.joined', ...target, changes });
      }
    });
    return null;
  } catch (error) {
    if (error instanceof NotSeated) return error.refused;
    throw error;
  }
}

function refusalOf({ kind, personId }: Refused): HoldfastError {
  const who = { participantIds: [personId] };
  switch (kind) {
    case 'full':
      return new HoldfastError('slot_unavailable', 'There are not as many seats left.');
    case 'person_busy':
      return new HoldfastError('client_unavailable', 'Not everybody is free at this time.', who);
    case 'limit_exceeded':
      return new HoldfastError(
        'booking_limit_exceeded',
        'Somebody has as many sessions open as the clinic allows, pending ones included.',
        who,
      );
    case 'closed':
      return new HoldfastError('wrong_state', 'Nobody can be added to this session any more.');
  }
}

/**
 * Takes people's seats back, with all of their money, and shows them out of the room. Throws
 * `not_found` before anything is done where one has no seat, `refused_by_rule` for a session that
 * is for one.
 */
export async function uninvite(
  call: Call,
  session: SessionRow,
  ids: readonly string[],
): Promise<void> {
  const { deps, principal } = call;
  if (ids.includes(session.therapist_id)) {
    throw new HoldfastError('refused_by_rule', 'The host stays: cancel the session instead.');
  }
  if (ids.includes(session.client_id ?? '')) {
    throw new HoldfastError('refused_by_rule', 'It is for this participant: cancel it instead.');
  }
  const seats = await Promise.all(ids.map((id) => liveSeat(call, session, id)));
  for (const seat of seats) {
    await acts.cancel(call, seat, { wantsRefund: true, fee: 'standard' });
    await askRoom(deps, session.id, {
      type: 'remove',
      by: principal.personId,
      personId: seat.client_id,
    });
  }
}

/** Somebody's seat in a session. Throws `not_found` where they have none, or none any more. */
export async function liveSeat(
  { deps }: Pick<Call, 'deps'>,
  session: SessionRow,
  personId: string,
): Promise<SeatRow> {
  const seat = await findSessionFor(deps.knex, session.id, personId);
  if (seat !== null && isSeat(seat) && !isEnded(seat.status)) return seat;
  throw new HoldfastError('not_found', 'The session has no such participant.');
}
