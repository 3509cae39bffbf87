import type { Knex } from 'knex';
import type { ErrorCode } from '../domain/errors.ts';
import type { Interval } from '../domain/intervals.ts';
import { nextDeadline } from '../domain/session.ts';
import type { AuditContext } from './audit/entry.ts';
import { type NewSession, bookedRow, wishesOf } from './bookings.ts';
import { type ClaimWish, releaseExpiredInTheWay } from './claims.ts';
import { type RecordAudit, inTransaction } from './transaction.ts';

/** Why one of several sessions can't be booked; then none of them is. */
export interface RefusedBooking {
  readonly sessionId: string;
  readonly code: Extract<
    ErrorCode,
    'slot_unavailable' | 'client_unavailable' | 'booking_limit_exceeded'
  >;
}

export type BatchOutcome =
  | { readonly kind: 'booked' }
  /** In the order of the sessions. The caller rolls back. */
  | { readonly kind: 'refused'; readonly refused: readonly RefusedBooking[] };

export interface BatchOptions {
  /** Whether the limits of the plans are applied. */
  readonly isLimited?: boolean;
}

/**
 * Books several sessions, all or none. Every claim of all of them goes into one statement in
 * (person, start) order, so that batches that race for the same times neither deadlock nor both
 * win. On `refused` the caller must roll back; {@link bookTogether} does.
 */
export async function insertBookings(
  trx: Knex.Transaction,
  sessions: readonly NewSession[],
  { isLimited = false }: BatchOptions = {},
): Promise<BatchOutcome> {
  if (sessions.length === 0) return { kind: 'booked' };
  const taken = await claimAll(trx, sessions);
  if (taken.length > 0) return { kind: 'refused', refused: taken };
  const beyond = isLimited ? await beyondLimits(trx, sessions) : [];
  if (beyond.length > 0) return { kind: 'refused', refused: beyond };
  await insertSessions(trx, sessions);
  return { kind: 'booked' };
}

class NotBooked extends Error {
  readonly refused: readonly RefusedBooking[];
  constructor(refused: readonly RefusedBooking[]) {
    super('not booked');
    this.refused = refused;
  }
}

export interface Together extends BatchOptions {
  readonly sessions: readonly NewSession[];
  /** What is written with the sessions or not at all; it may run more than once. */
  readonly alongside?: (trx: Knex.Transaction, audit: RecordAudit) => Promise<void>;
}

/**
 * Books several sessions in a transaction of its own, with an audit row for each. Holds that
 * are over and stand in the way are released in a transaction of their own, then it is tried
 * once more.
 */
export async function bookTogether(
  knex: Knex,
  context: AuditContext,
  batch: Together,
): Promise<BatchOutcome> {
  const first = await bookOnce(knex, context, batch);
  if (first.kind === 'booked' || first.refused.every(isBeyondLimit)) return first;
  const released = await releaseExpiredInTheWay(knex, batch.sessions.flatMap(wishesOf));
  return released > 0 ? bookOnce(knex, context, batch) : first;
}

function isBeyondLimit({ code }: RefusedBooking): boolean {
  return code === 'booking_limit_exceeded';
}

async function bookOnce(
  knex: Knex,
  context: AuditContext,
  { sessions, isLimited = false, alongside }: Together,
): Promise<BatchOutcome> {
  try {
    return await inTransaction(knex, context, async (trx, audit) => {
      const outcome = await insertBookings(trx, sessions, { isLimited });
      if (outcome.kind === 'refused') throw new NotBooked(outcome.refused);
      await alongside?.(trx, audit);
      for (const { id, clientId, state } of sessions) {
        audit({
          action: 'session.booked',
          objectType: 'session',
          objectId: id,
          subjectId: clientId,
          changes: { status: state.status },
        });
      }
      return outcome;
    });
  } catch (error) {
    if (error instanceof NotBooked) return { kind: 'refused', refused: error.refused };
    throw error;
  }
}

/** A stretch that one of several sessions wants. */
export interface BatchWish extends ClaimWish {
  readonly sessionId: string;
  /** When the claim stops binding; null binds until released. */
  readonly expiresAtMs: number | null;
  readonly slot: 'current' | 'proposed';
}

export interface GrantedClaim {
  readonly id: string;
  readonly sessionId: string;
  readonly personId: string;
}

/**
 * Claims stretches of several sessions in one statement, in (person, start) order, and tells
 * which were granted. When some were not, the caller must roll back.
 */
export async function claimTogether(
  trx: Knex.Transaction,
  wishes: readonly BatchWish[],
): Promise<GrantedClaim[]> {
  const { rows } = await trx.raw<{ rows: GrantedClaim[] }>(
    `INSERT INTO claims (session_id, person_id, during, expires_at, slot)
     SELECT session_id, person_id,
       tstzrange(to_timestamp(start_ms / 1000.0), to_timestamp(end_ms / 1000.0)),
       to_timestamp(nullif(expires_ms, 'Infinity') / 1000.0), slot
     FROM unnest(?::uuid[], ?::uuid[], ?::float8[], ?::float8[], ?::float8[], ?::text[])
       AS wish (session_id, person_id, start_ms, end_ms, expires_ms, slot)
     ORDER BY person_id, start_ms
     ON CONFLICT DO NOTHING
     RETURNING id, session_id AS "sessionId", person_id AS "personId"`,
    [
      wishes.map(({ sessionId }) => sessionId),
      wishes.map(({ personId }) => personId),
      wishes.map(({ startMs }) => startMs),
      wishes.map(({ endMs }) => endMs),
      wishes.map(({ expiresAtMs }) => String(expiresAtMs ?? Infinity)),
      wishes.map(({ slot }) => slot),
    ],
  );
  return rows;
}

/** What a fresh session wants of its people's calendars, until its first deadline. */
export function batchWishesOf(session: NewSession): BatchWish[] {
  const expiresAtMs = nextDeadline(session.state)?.dueAt ?? null;
  return wishesOf(session).map((wish) => ({
    ...wish,
    sessionId: session.id,
    expiresAtMs,
    slot: 'current',
  }));
}

/** Who of several sessions was not granted all that it wanted. */
export function refusedOf(
  sessions: readonly { readonly id: string; readonly therapistId: string }[],
  wishes: readonly BatchWish[],
  granted: readonly GrantedClaim[],
): RefusedBooking[] {
  if (granted.length === wishes.length) return [];
  const isGranted = new Set(granted.map((claim) => `${claim.sessionId} ${claim.personId}`));
  return sessions.flatMap(({ id, therapistId }): RefusedBooking[] => {
    const refused = wishes.filter(
      ({ sessionId, personId }) => sessionId === id && !isGranted.has(`${id} ${personId}`),
    );
    if (refused.length === 0) return [];
    // The therapist's calendar is named before the client's: without it nothing else would help.
    const isTherapist = refused.some(({ personId }) => personId === therapistId);
    return [{ sessionId: id, code: isTherapist ? 'slot_unavailable' : 'client_unavailable' }];
  });
}

async function claimAll(
  trx: Knex.Transaction,
  sessions: readonly NewSession[],
): Promise<RefusedBooking[]> {
  const wishes = sessions.flatMap(batchWishesOf);
  return refusedOf(sessions, wishes, await claimTogether(trx, wishes));
}

/** What a client has already, on the clinic's day of a session and in all. */
interface CountedDay extends Interval {
  readonly open: number;
  readonly today: number;
}

/**
 * What the clients have open already, each under their own lock, and how many of the new ones
 * come before each. A planned session counts on its day, and as an open one once it is opened.
 */
async function beyondLimits(
  trx: Knex.Transaction,
  sessions: readonly NewSession[],
): Promise<RefusedBooking[]> {
  const limited = sessions.filter(({ clientId }) => clientId !== null);
  const { rows } = await trx.raw<{ rows: CountedDay[] }>(
    `SELECT counted.open, counted.today, (extract(epoch FROM day_start) * 1000)::float8 AS "startMs",
       (extract(epoch FROM day_end) * 1000)::float8 AS "endMs"
     FROM (SELECT * FROM unnest(?::uuid[], ?::float8[]) WITH ORDINALITY
         AS wish (client, start_ms, place) ORDER BY client, place) wish
     CROSS JOIN LATERAL count_client_sessions(wish.client,
       to_timestamp(wish.start_ms / 1000.0)) counted
     ORDER BY wish.place`,
    [limited.map(({ clientId }) => clientId), limited.map(({ state }) => state.startsAt)],
  );
  return limited.flatMap((session, index) => {
    const { open, today, ...day } = rows[index]!;
    const before = limited.slice(0, index).filter(({ clientId }) => clientId === session.clientId);
    const newToday = before.filter(({ state }) => isWithin(state.startsAt, day)).length;
    const newOpen = before.filter(({ state }) => state.status !== 'planned').length;
    const { maxOpenPerClient, maxPerClientPerDay } = session.plan.limits;
    const isTooMany = session.state.status !== 'planned' && open + newOpen >= maxOpenPerClient;
    if (!isTooMany && today + newToday < maxPerClientPerDay) return [];
    return [{ sessionId: session.id, code: 'booking_limit_exceeded' as const }];
  });
}

function isWithin(instantMs: number, { startMs, endMs }: Interval): boolean {
  return startMs <= instantMs && instantMs < endMs;
}

/** The sessions, their enrolments, first events and news, in one statement. */
export async function insertSessions(
  trx: Knex.Transaction,
  sessions: readonly NewSession[],
): Promise<void> {
  const rows = sessions.map((session) => {
    const row = bookedRow(session);
    return { ...row, details: row.details === null ? null : `\\x${row.details.toString('hex')}` };
  });
  await trx.raw(
    `WITH booked AS (
       INSERT INTO sessions SELECT * FROM jsonb_populate_recordset(null::sessions, :rows::jsonb)),
     given AS (
       SELECT * FROM jsonb_populate_recordset(null::sessions, :rows::jsonb)
       WITH ORDINALITY ORDER BY ordinality),
     enrolled AS (
       INSERT INTO enrolments (id, session_id, person_id, state)
       SELECT gen_random_uuid(), id, client_id,
         CASE status WHEN 'confirmed' THEN 'confirmed' ELSE 'reserved' END
       FROM given WHERE client_id IS NOT NULL),
     noted AS (
       INSERT INTO session_events (session_id, kind, actor_id, data)
       SELECT id, 'booked', created_by, jsonb_build_object(
         'status', status, 'startsAt', (extract(epoch FROM starts_at) * 1000)::bigint)
       FROM given)
     INSERT INTO outbox (topic, clinic_id, payload)
     SELECT 'session.changed', clinic_id,
       jsonb_build_object('sessionId', id, 'status', status, 'event', 'booked', 'version', version,
         'actorId', created_by, 'startsAt', (extract(epoch FROM starts_at) * 1000)::bigint,
         'endsAt', (extract(epoch FROM ends_at) * 1000)::bigint)
     FROM given`,
    { rows: JSON.stringify(rows) },
  );
}
