import {
  type SessionAudience,
  findAudience,
  findSeatAudience,
  zoneOfTherapist,
} from '../../db/appointments.ts';
import { type Broadcast, broadcastAll, slotsRoom } from '../../db/broadcasts.ts';
import type { OutboxRow } from '../../db/outbox.ts';
import { datesBetween, datesTouched, watchedDates } from '../../domain/slot-days.ts';
import type { OutboxConsumer, OutboxDeps } from './contract.ts';
import {
  type SeatChanged,
  type SessionChanged,
  type SessionMoved,
  asChange,
  asMove,
  asSeatChange,
} from './payloads.ts';

/**
 * Tells sockets of what has changed: participants of their bookings, and whoever watches a day of
 * a therapist that its slots may have. Each API process hears the notice and tells its own sockets.
 */
export const tellSockets: OutboxConsumer = {
  name: 'sockets',
  topics: {
    'session.changed': 'all',
    'session.moved': 'all',
    'enrolment.changed': 'all',
    'availability.changed': 'all',
  },
  handle: async (deps, row) => {
    await broadcastAll(deps.knex, await broadcastsFor(deps, row));
  },
};

async function broadcastsFor({ knex }: OutboxDeps, row: OutboxRow): Promise<Broadcast[]> {
  if (row.topic === 'availability.changed') return slotsOfTherapist({ knex }, row);
  const seat = asSeatChange(row);
  if (seat !== null) return seatChange(knex, seat);
  const change = asChange(row);
  const move = asMove(row);
  const sessionId = (change ?? move)?.sessionId;
  if (sessionId === undefined) return [];
  const audience = await findAudience(knex, sessionId, row.createdAt);
  if (audience === null) return [];
  if (change !== null) return [...bookingChange(change, audience), ...slotsOf(change, audience)];
  return move === null ? [] : slotsOfMove(move, audience);
}

/** A member hears where they stand; the therapist that there is something new in the session. */
async function seatChange(
  knex: OutboxDeps['knex'],
  { sessionId, enrolmentId, status }: SeatChanged,
): Promise<Broadcast[]> {
  const audience = await findSeatAudience(knex, enrolmentId);
  if (audience === null) return [];
  const { memberId, therapistId, sessionStatus } = audience;
  return [told(memberId, sessionId, status), told(therapistId, sessionId, sessionStatus)];
}

function bookingChange(change: SessionChanged, { people }: SessionAudience): Broadcast[] {
  const { sessionId, status } = change;
  return people.map((personId) => told(personId, sessionId, status));
}

function told(personId: string, sessionId: string, status: string): Broadcast {
  return { room: `person:${personId}`, event: 'session-changed', ids: { sessionId, status } };
}

/** Steps that leave the calendar as it was: money, and a session that begins. */
const QUIET = /^(?:payment|card)_|^start/;

function slotsOf(change: SessionChanged, audience: SessionAudience): Broadcast[] {
  if (QUIET.test(change.event)) return [];
  const dates = datesOf(audience, change);
  const { lastProposedAt } = audience;
  const proposed =
    lastProposedAt === null
      ? []
      : datesOf(audience, {
          startsAt: lastProposedAt,
          endsAt: lastProposedAt + audience.durationMs,
        });
  return slotsChanged(audience.therapistId, [...dates, ...proposed]);
}

function slotsOfMove(move: SessionMoved, audience: SessionAudience): Broadcast[] {
  const old = datesOf(audience, { startsAt: move.oldStartsAt, endsAt: move.oldEndsAt });
  const now = datesOf(audience, { startsAt: move.newStartsAt, endsAt: move.newEndsAt });
  // Of another therapist's zone the neighbouring days are told too, instead of asking for it.
  const isHandedOver = move.oldTherapistId !== move.newTherapistId;
  return [
    ...slotsChanged(move.oldTherapistId, isHandedOver ? withNeighbours(old) : old),
    ...slotsChanged(move.newTherapistId, isHandedOver ? withNeighbours(now) : now),
  ];
}

function withNeighbours(dates: readonly string[]): string[] {
  return dates.flatMap((date) => {
    const day = Date.parse(date);
    return datesTouched('UTC', { startMs: day - 86_400_000, endMs: day + 2 * 86_400_000 });
  });
}

function datesOf(
  { timeZone, beforeMs, afterMs }: SessionAudience,
  { startsAt, endsAt }: { startsAt: number; endsAt: number },
): string[] {
  return datesTouched(timeZone, { startMs: startsAt - beforeMs, endMs: endsAt + afterMs });
}

function slotsChanged(therapistId: string, dates: readonly string[]): Broadcast[] {
  return [...new Set(dates)].map((date) => ({
    room: slotsRoom(therapistId, date),
    event: 'slots-changed',
    ids: { therapistId, date },
  }));
}

async function slotsOfTherapist(
  { knex }: Pick<OutboxDeps, 'knex'>,
  { payload }: OutboxRow,
): Promise<Broadcast[]> {
  const { therapistId, dayOfWeek, fromDate, toDate, dates } = payload;
  if (typeof therapistId !== 'string') return [];
  if (Array.isArray(dates)) return slotsChanged(therapistId, dates.map(String));
  const zone = await zoneOfTherapist(knex, therapistId);
  if (zone === null) return [];
  const watched = watchedDates(zone, Date.now(), typeof dayOfWeek === 'number' ? dayOfWeek : null);
  if (typeof fromDate !== 'string' || typeof toDate !== 'string') {
    return slotsChanged(therapistId, watched);
  }
  const named = new Set(datesBetween(fromDate, toDate));
  return slotsChanged(
    therapistId,
    watched.filter((date) => named.has(date)),
  );
}
