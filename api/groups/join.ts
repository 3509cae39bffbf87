import { randomBytes } from 'node:crypto';
import { startSession } from '../../activities/session/starting.ts';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { upcomingSessions } from '../../db/groups.ts';
import type { Group } from '../../db/models/group.ts';
import { type SeatOutcome, type SeatWish, takeSeat } from '../../db/seat-transitions.ts';
import { type SeatRow, findSeat } from '../../db/seats.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { firstSeat } from '../../domain/enrolment.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { unavailable } from '../sessions/messages.ts';
import { nextSession } from './next-session.ts';

export interface JoinWish {
  /** Null for the next session with a free seat. */
  readonly sessionId: string | null;
  readonly consents: Readonly<Record<string, true>>;
}

/** So often another session is looked for when the last seat of one went to somebody faster. */
const MAX_TRIES = 5;

/**
 * Takes a seat for the caller: in PostgreSQL first, then its workflow starts. The same person
 * joining twice has one seat. Throws `slot_unavailable` when it is full, `client_unavailable`,
 * `booking_limit_exceeded`, `wrong_state` once it has started or was called off.
 */
export async function joinGroup(call: Call, group: Group, wish: JoinWish): Promise<SeatRow> {
  for (let tries = 1; ; tries += 1) {
    const sessionId = wish.sessionId ?? (await nextSession(call, group));
    const outcome = await seatIn(call, group, sessionId, wish);
    if (outcome.kind === 'seated' || outcome.kind === 'seated_before') {
      return startSeat(call, outcome.enrolmentId);
    }
    const mayTryNext = wish.sessionId === null && tries < MAX_TRIES;
    const isGone = outcome.kind === 'full' || outcome.kind === 'closed';
    if (!isGone || !mayTryNext) throw await refusalOf(call, group, outcome.kind);
  }
}

async function seatIn(
  call: Call,
  group: Group,
  sessionId: string,
  wish: JoinWish,
): Promise<SeatOutcome> {
  const session = await findSession(call.deps.knex, sessionId);
  if (session === null || session.group_id !== group.id) {
    throw new HoldfastError('not_found', 'The group has no such session.');
  }
  const seat = seatWish(call, session, wish);
  const outcome = await takeOnce(call, seat);
  if (outcome.kind !== 'person_busy') return outcome;
  const times = { startMs: session.starts_at.getTime(), endMs: session.ends_at.getTime() };
  const inTheWay = [{ personId: seat.personId, ...times }];
  const released = await releaseExpiredInTheWay(call.deps.knex, inTheWay);
  return released > 0 ? takeOnce(call, seat) : outcome;
}

function seatWish(call: Call, session: SessionRow, { consents }: JoinWish): SeatWish {
  const { plan, price_cents: priceCents, schedule_version: scheduleVersion } = session;
  const startsAt = session.starts_at.getTime();
  const dueCents = plan.payment.by === 'client' ? priceCents : 0;
  const terms = { plan, startsAt, endsAt: session.ends_at.getTime(), dueCents, scheduleVersion };
  return {
    id: call.newId,
    sessionId: session.id,
    personId: call.principal.personId,
    alias: `member_${randomBytes(6).toString('hex')}`,
    state: firstSeat(terms, Date.now()),
    dueCents,
    consents,
  };
}

class NotSeated extends Error {
  readonly outcome: SeatOutcome;
  constructor(outcome: SeatOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

async function takeOnce(call: Call, wish: SeatWish): Promise<SeatOutcome> {
  const { deps, principal, requestId } = call;
  try {
    return await inTransaction(
      deps.knex,
      auditContext(principal, requestId),
      async (trx, audit) => {
        const outcome = await takeSeat(trx, wish);
        if (outcome.kind === 'seated_before') return outcome;
        if (outcome.kind !== 'seated') throw new NotSeated(outcome);
        audit({
          action: 'enrolment.joined',
          objectType: 'enrolment',
          objectId: wish.id,
          subjectId: wish.personId,
          changes: { sessionId: wish.sessionId, status: wish.state.status },
        });
        return outcome;
      },
    );
  } catch (error) {
    if (error instanceof NotSeated) return error.outcome;
    throw error;
  }
}

async function startSeat(call: Call, enrolmentId: string): Promise<SeatRow> {
  const seat = await findSeat(call.deps.knex, enrolmentId);
  if (seat === null) throw new HoldfastError('not_found', 'There is no such seat.');
  try {
    await startSession(call.deps.temporal, seat);
  } catch (error) {
    throw unavailable(error);
  }
  return seat;
}

type Refusal = Exclude<SeatOutcome['kind'], 'seated' | 'seated_before'>;

async function refusalOf(call: Call, group: Group, kind: Refusal): Promise<HoldfastError> {
  switch (kind) {
    case 'full':
      return new HoldfastError('slot_unavailable', 'This group session is full.', {
        alternativeSlots: await otherSessions(call, group),
      });
    case 'person_busy':
      return new HoldfastError('client_unavailable', 'You already have a session at this time.');
    case 'limit_exceeded':
      return new HoldfastError(
        'booking_limit_exceeded',
        'You have as many sessions open as the clinic allows, pending ones included.',
      );
    case 'closed':
      return new HoldfastError('wrong_state', 'This session can no longer be joined.');
  }
}

async function otherSessions(
  { deps }: Call,
  group: Group,
): Promise<{ startMs: number; endMs: number }[]> {
  const sessions = await upcomingSessions(deps.knex, [group.id]);
  return sessions
    .filter(({ seats, capacity }) => seats < capacity)
    .map(({ startsAt, endsAt }) => ({ startMs: startsAt.getTime(), endMs: endsAt.getTime() }));
}
