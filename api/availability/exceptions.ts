import type { Knex } from 'knex';
import type { FieldRef } from '../../crypto/field-cipher.ts';
import {
  type AffectedSession,
  type AvailabilityException,
  findException,
  insertException,
  lockAbsences,
  sessionsDuring,
} from '../../db/availability-exceptions.ts';
import { insertOutboxRow } from '../../db/outbox.ts';
import { findTherapist } from '../../db/therapists.ts';
import { type RecordAudit, inTransaction } from '../../db/transaction.ts';
import { awayIntervals } from '../../domain/availability.ts';
import type { DateException } from '../../domain/availability.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { FieldFault } from '../../domain/errors.ts';
import { DAY_MS, localDateOf } from '../../domain/local-time.ts';
import { readDate } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';

/** Time off, or extra hours, with the reason in clear. */
export type ClearException = Omit<AvailabilityException, 'reason'> & {
  readonly reason: string | null;
};

export interface ExceptionWish extends DateException {
  readonly therapistId: string;
  readonly startMinute: number | null;
  readonly endMinute: number | null;
  readonly reason: string | null;
  /** The sessions that the caller knows to be affected and wants to give up; null for none. */
  readonly confirmed: readonly string[] | null;
}

const MAX_DAYS = 366;

/**
 * Writes time off or extra hours. Sessions that lie in time off are named with
 * `sessions_affected` until the caller confirms exactly these; from then on they are looked after
 * one by one. Throws `malformed_request`, `time_in_past` or `not_found` otherwise.
 */
export async function createException(call: Call, wish: ExceptionWish): Promise<ClearException> {
  const { deps, principal, requestId, newId: id } = call;
  requireSound(wish);
  const work = async (
    trx: Knex.Transaction,
    audit: RecordAudit,
  ): Promise<AvailabilityException> => {
    await lockAbsences(trx, wish.therapistId);
    const known = await findException(trx, wish.therapistId, id);
    if (known !== null) return known;
    const zone = await zoneOf(call, trx, wish);
    if (wish.endDate < localDateOf(zone, Date.now())) throw inThePast();
    const sessions = await affected(trx, wish, zone);
    const reason = await sealReason(call, trx, wish);
    const { confirmed: _confirmed, ...dates } = wish;
    const row = { ...dates, id, reason, createdBy: principal.personId };
    const made = await insertException(trx, row, zone);
    if (made === null) throw noSuchTherapist();
    if (sessions.length > 0) await startAbsence(call, trx, made, sessions);
    audit({
      action: 'exception.create',
      objectType: 'exception',
      objectId: id,
      subjectId: wish.therapistId,
      changes: { kind: wish.kind, sessions: sessions.length },
    });
    return made;
  };
  const made = await inTransaction(deps.knex, auditContext(principal, requestId), work);
  return { ...made, reason: wish.reason };
}

/** The sessions that a confirmed absence concerns. Throws `sessions_affected` until it is confirmed. */
async function affected(
  trx: Knex.Transaction,
  wish: ExceptionWish,
  zone: string,
): Promise<AffectedSession[]> {
  const sessions = await sessionsDuring(trx, wish.therapistId, awayIntervals(zone, wish));
  const confirmed = new Set(wish.confirmed ?? []);
  const isConfirmed =
    sessions.length === 0 ||
    (wish.confirmed !== null &&
      confirmed.size === sessions.length &&
      sessions.every((session) => confirmed.has(session.id)));
  if (isConfirmed) return sessions;
  throw new HoldfastError(
    'sessions_affected',
    'Sessions are booked in this time: name exactly these with confirm to go on',
    { sessions: sessions.map(presentAffected) },
  );
}

function presentAffected({ id, startsAt, endsAt, status }: AffectedSession): object {
  return { id, startsAt: startsAt.toISOString(), endsAt: endsAt.toISOString(), status };
}

async function startAbsence(
  call: Call,
  trx: Knex.Transaction,
  { id, therapistId }: AvailabilityException,
  sessions: readonly AffectedSession[],
): Promise<void> {
  const sessionIds = sessions.map((session) => session.id);
  await insertOutboxRow(trx, {
    topic: 'absence.started',
    clinicId: call.principal.clinicId,
    payload: { exceptionId: id, therapistId, sessionIds },
  });
}

async function zoneOf(
  call: Call,
  trx: Knex.Transaction,
  { therapistId }: ExceptionWish,
): Promise<string> {
  const therapist = await findTherapist(trx, call.principal.clinicId, therapistId);
  if (therapist === null) throw noSuchTherapist();
  return therapist.timeZone;
}

function inThePast(): HoldfastError {
  return new HoldfastError('time_in_past', 'These dates are over for the therapist');
}

export function noSuchTherapist(): HoldfastError {
  return new HoldfastError('not_found', 'There is no such therapist');
}

/** What the document can't say about dates and minutes. */
function requireSound(wish: ExceptionWish): void {
  const fields = faultsOf(wish);
  if (fields.length === 0) return;
  throw new HoldfastError('malformed_request', 'These are no dates or times of day', { fields });
}

function faultsOf(wish: ExceptionWish): FieldFault[] {
  const firstMs = readDate(wish.startDate);
  const lastMs = readDate(wish.endDate);
  if (firstMs === null) return [{ field: 'startDate', message: 'must be a date, YYYY-MM-DD' }];
  if (lastMs === null) return [{ field: 'endDate', message: 'must be a date, YYYY-MM-DD' }];
  if (lastMs < firstMs) return [{ field: 'endDate', message: 'must not be before startDate' }];
  if (lastMs - firstMs >= MAX_DAYS * DAY_MS) {
    return [{ field: 'endDate', message: `must be within ${MAX_DAYS} days of startDate` }];
  }
  const { startMinute, endMinute } = wish;
  if (startMinute === null && endMinute === null) return [];
  if (startMinute === null) return [{ field: 'startMinute', message: 'must come with endMinute' }];
  if (endMinute === null) return [{ field: 'endMinute', message: 'must come with startMinute' }];
  // Time off over several days runs from the first minute to the last, so the order is theirs.
  const isOneStretch = wish.kind === 'time_off' && lastMs > firstMs;
  if (isOneStretch || startMinute < endMinute) return [];
  return [{ field: 'endMinute', message: 'must be after startMinute' }];
}

/** Reasons are under the therapist's key, so that a list needs only one. */
function reasonRef(therapistId: string, id: string): FieldRef {
  return { purpose: 'availability', objectId: therapistId, column: 'reason', rowId: id };
}

async function sealReason(
  call: Call,
  trx: Knex.Transaction,
  { therapistId, reason }: ExceptionWish,
): Promise<Buffer | null> {
  if (reason === null) return null;
  return call.deps.cipher.sealField(trx, reasonRef(therapistId, call.newId), reason);
}

export async function openReasons(
  call: Call,
  exceptions: readonly AvailabilityException[],
): Promise<ClearException[]> {
  const sealed = exceptions.flatMap(({ id, therapistId, reason }) =>
    reason === null ? [] : [{ ref: reasonRef(therapistId, id), sealed: reason }],
  );
  const texts = await call.deps.cipher.openFields(call.deps.knex, sealed);
  const byId = new Map(sealed.map(({ ref }, at) => [ref.rowId, texts[at] ?? null]));
  return exceptions.map((each) => ({ ...each, reason: byId.get(each.id) ?? null }));
}
