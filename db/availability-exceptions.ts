import type { Knex } from 'knex';
import { awayIntervals } from '../domain/availability.ts';
import type { DateException } from '../domain/availability.ts';
import type { Interval } from '../domain/intervals.ts';
import type { SessionStatus } from '../domain/session-state.ts';
import { AvailabilityExceptionModel, EXCEPTION_COLUMNS } from './models/availability-exception.ts';

/** Time off or extra hours as they are stored; the reason is sealed. */
export interface AvailabilityException extends DateException {
  readonly id: string;
  readonly therapistId: string;
  readonly startMinute: number | null;
  readonly endMinute: number | null;
  readonly reason: Buffer | null;
  readonly createdBy: string | null;
  readonly createdAt: Date;
}

export type NewAvailabilityException = Omit<AvailabilityException, 'createdAt'>;

export interface ExceptionFilter {
  readonly therapistId: string;
  /** Those that reach this local date or a later one. */
  readonly from: string | null;
  /** Those that begin on this local date or an earlier one. */
  readonly to: string | null;
  readonly after: string | null;
  readonly limit: number;
}

/** A therapist's exceptions in the order of their ids. */
export async function listExceptions(
  db: Knex,
  filter: ExceptionFilter,
): Promise<AvailabilityException[]> {
  const { therapistId, from, to, after, limit } = filter;
  const query = AvailabilityExceptionModel.query(db)
    .select(EXCEPTION_COLUMNS)
    .where({ therapist_id: therapistId });
  if (from !== null) void query.where('end_date', '>=', from);
  if (to !== null) void query.where('start_date', '<=', to);
  if (after !== null) void query.where('id', '>', after);
  return query.orderBy('id').limit(limit);
}

export async function findException(
  db: Knex,
  therapistId: string,
  id: string,
): Promise<AvailabilityException | null> {
  const exception = await AvailabilityExceptionModel.query(db)
    .select(EXCEPTION_COLUMNS)
    .findOne({ id, therapist_id: therapistId });
  return exception ?? null;
}

/** Writes an exception by the zone of its therapist. */
export async function insertException(
  trx: Knex.Transaction,
  exception: NewAvailabilityException,
  zone: string,
): Promise<AvailabilityException | null> {
  await AvailabilityExceptionModel.query(trx).insert(exception);
  await settleInstants(trx, exception.id, awayIntervals(zone, exception));
  return findException(trx, exception.therapistId, exception.id);
}

/** Gives what was deleted, or null. */
export async function deleteException(
  trx: Knex.Transaction,
  therapistId: string,
  id: string,
): Promise<AvailabilityException | null> {
  const known = await findException(trx, therapistId, id);
  const count = await AvailabilityExceptionModel.query(trx)
    .deleteById(id)
    .where({ therapist_id: therapistId });
  return count === 0 ? null : known;
}

/** Local dates mean other instants once their therapist has moved to another zone. */
export async function moveAbsences(
  trx: Knex.Transaction,
  therapistId: string,
  zone: string,
): Promise<void> {
  await lockAbsences(trx, therapistId);
  const absences = await AvailabilityExceptionModel.query(trx)
    .select(EXCEPTION_COLUMNS)
    .where({ therapist_id: therapistId, kind: 'time_off' })
    .whereRaw("end_date >= (now() AT TIME ZONE 'UTC')::date - 2");
  for (const absence of absences) {
    await settleInstants(trx, absence.id, awayIntervals(zone, absence));
  }
}

async function settleInstants(
  trx: Knex.Transaction,
  id: string,
  away: readonly Interval[],
): Promise<void> {
  await trx.raw(
    `UPDATE availability_exceptions SET during = (
       SELECT range_agg(tstzrange(to_timestamp(start_ms / 1000), to_timestamp(end_ms / 1000)))
       FROM unnest(?::float8[], ?::float8[]) AS away (start_ms, end_ms)) WHERE id = ?`,
    [away.map(({ startMs }) => startMs), away.map(({ endMs }) => endMs), id],
  );
}

/**
 * Waits for the bookings with this therapist that are being written, and lets none go on until
 * the transaction ends: `therapist_is_away` in the database takes the same lock, shared.
 */
export async function lockAbsences(trx: Knex.Transaction, therapistId: string): Promise<void> {
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 2))', [therapistId]);
}

/** Whether a therapist has time off then; nobody can take any then until the transaction ends. */
export async function isTherapistAway(
  trx: Knex.Transaction,
  therapistId: string,
  { startMs, endMs }: Interval,
): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: [{ away: boolean }] }>(
    'SELECT therapist_is_away(?, ?, ?) AS away',
    [therapistId, new Date(startMs), new Date(endMs)],
  );
  return rows[0].away;
}

export interface AffectedSession {
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly status: SessionStatus;
}

/** Sessions to come that lie in the therapist's absence or that are proposed to be moved there. */
export async function sessionsDuring(
  trx: Knex.Transaction,
  therapistId: string,
  away: readonly Interval[],
): Promise<AffectedSession[]> {
  const { rows } = await trx.raw<{ rows: AffectedSession[] }>(
    `SELECT id, starts_at AS "startsAt", ends_at AS "endsAt", status FROM sessions
     WHERE therapist_id = ? AND ends_at > now() AND status IN
         ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed')
       AND EXISTS (
         SELECT FROM unnest(?::float8[], ?::float8[]) AS away (start_ms, end_ms)
         WHERE (starts_at < to_timestamp(end_ms / 1000) AND ends_at > to_timestamp(start_ms / 1000))
           OR (proposed_starts_at < to_timestamp(end_ms / 1000)
             AND proposed_ends_at > to_timestamp(start_ms / 1000)))
     ORDER BY starts_at, id`,
    [therapistId, away.map(({ startMs }) => startMs), away.map(({ endMs }) => endMs)],
  );
  return rows;
}
