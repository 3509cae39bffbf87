import { startSession } from '../../activities/session/starting.ts';
import { type AuditEntry, toInsert } from '../../db/audit/entry.ts';
import { bookingRules } from '../../db/availability.ts';
import {
  type BookingOutcome,
  type ClientCalendar,
  type NewSession,
  bookedRow,
  clientCalendar,
  findUnstartedTwin,
  insertBooking,
  wishesOf,
} from '../../db/bookings.ts';
import { peopleInTheWay, releaseExpiredInTheWay } from '../../db/claims.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import type { Therapist } from '../../db/therapists.ts';
import { inTransaction, untilWon } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { BookingRules } from '../../domain/slots.ts';
import { auditContext } from '../access/audit-context.ts';
import type { BookingWish, TypedWish } from './booking-wish.ts';
import { composeBooking } from './compose-booking.ts';
import type { Call } from '../http/handler.ts';
import { unavailable } from './messages.ts';
import {
  type SlotQuestion,
  assertBookable,
  calendarAround,
  slotRefusal,
  widened,
} from './slot-check.ts';
import { type Verified, keepCoverage, verifyInsurance } from './insurance.ts';
import { gridRefusal, offerRefusal } from './offers.ts';

/**
 * Books a session: its time is claimed in PostgreSQL first, then its workflow starts. The
 * same request, retried with its key, resumes the same session. Throws what the rules refuse,
 * `dependency_unavailable` when the workflow can't be started; the session is kept then and
 * taken up as soon as it can be.
 */
export async function bookSession(call: Call, wish: BookingWish): Promise<SessionRow> {
  const { deps } = call;
  const known =
    call.headers['idempotency-key'] === undefined ? null : await findSession(deps.knex, call.newId);
  const session = known ?? (await claimSession(call, wish));
  try {
    await startSession(deps.temporal, session);
  } catch (error) {
    throw unavailable(error);
  }
  return session;
}

async function claimSession(call: Call, asked: BookingWish): Promise<SessionRow> {
  if (!isUuid(asked.therapistId)) throw noSuchTherapist();
  const now = Date.now();
  const { deps, principal } = call;
  const question: SlotQuestion = {
    clinicId: principal.clinicId,
    therapistId: asked.therapistId,
    clientId: asked.clientId,
    door: asked.door,
    sessionType: asked.sessionType,
  };
  const [calendar, client] = await Promise.all([
    calendarAround(deps, question, asked.slot),
    clientCalendar(deps.knex, {
      ...question,
      ...asked,
      onDayOf: asked.slot.startMs,
      window: widened(asked.slot, 0),
    }),
  ]);
  if (calendar === null || client === null || !calendar.therapist.isVerified) {
    throw noSuchTherapist();
  }
  const wish: TypedWish = { ...asked, sessionType: calendar.sessionType };
  const refusal =
    refusalOf(wish, calendar.therapist, client) ?? gridRefusal(wish, calendar.therapist);
  if (refusal !== null) throw refusal;
  const rules = { ...bookingRules(calendar, now), clientBusy: client.busy };
  const twin = await bookableOrTwin(call, wish, question, rules);
  if (twin !== null) return twin;
  const coverage = await verifyInsurance(call, wish.insurance, calendar.therapist, wish.slot);
  const session = await composeBooking(call, wish, calendar, client.currency, coverage, now);
  const outcome = await insertOrRelease(call, session, coverage);
  if (outcome === 'limit_exceeded') throw limitExceeded();
  if (outcome === 'slot_taken') throw await takenBy(call, wish, session, question, now);
  return bookedRow(session);
}

function noSuchTherapist(): HoldfastError {
  return new HoldfastError('not_found', 'There is no such therapist.');
}

/** What the therapist and the door rule out before any calendar is looked at. */
function refusalOf(
  wish: TypedWish,
  therapist: Therapist,
  client: ClientCalendar,
): HoldfastError | null {
  if (!client.isClient) {
    return new HoldfastError('forbidden', 'Only patients book sessions for themselves.');
  }
  if (wish.requiresRelationship && !client.hasRelationship) {
    return new HoldfastError('relationship_required', 'You are not a client of this therapist.');
  }
  return offerRefusal(therapist, wish);
}

/** The caller's own booking that a crash interrupted is taken up again instead of refused. */
async function bookableOrTwin(
  call: Call,
  wish: TypedWish,
  question: SlotQuestion,
  rules: BookingRules,
): Promise<SessionRow | null> {
  try {
    await assertBookable(call.deps, question, wish.slot, rules);
    return null;
  } catch (error) {
    const { startMs: startsAt, endMs: endsAt } = wish.slot;
    const twin = await findUnstartedTwin(call.deps.knex, { ...wish, startsAt, endsAt });
    if (twin === null) throw error;
    return twin;
  }
}

async function insertOrRelease(
  call: Call,
  session: NewSession,
  coverage: Verified | null,
): Promise<BookingOutcome> {
  const outcome = await insertOnce(call, session, coverage);
  if (outcome !== 'slot_taken') return outcome;
  const released = await releaseExpiredInTheWay(call.deps.knex, wishesOf(session));
  return released > 0 ? insertOnce(call, session, coverage) : outcome;
}

class NotBooked extends Error {
  readonly outcome: BookingOutcome;
  constructor(outcome: BookingOutcome) {
    super(outcome);
    this.outcome = outcome;
  }
}

async function insertOnce(
  call: Call,
  session: NewSession,
  coverage: Verified | null,
): Promise<BookingOutcome> {
  const { knex } = call.deps;
  const context = auditContext(call.principal, call.requestId);
  const audit = [toInsert(context, bookedEntry(session))];
  if (coverage === null) return untilWon(() => insertBooking(knex, session, audit));
  try {
    return await inTransaction(knex, context, async (trx) => {
      const outcome = await insertBooking(trx, session, audit);
      if (outcome !== 'booked') throw new NotBooked(outcome);
      await keepCoverage(call, trx, session.id, coverage);
      return outcome;
    });
  } catch (error) {
    if (error instanceof NotBooked) return error.outcome;
    throw error;
  }
}

function bookedEntry({ id, clientId, state }: NewSession): AuditEntry {
  return {
    action: 'session.booked',
    objectType: 'session',
    objectId: id,
    subjectId: clientId,
    changes: { status: state.status },
  };
}

function limitExceeded(): HoldfastError {
  return new HoldfastError(
    'booking_limit_exceeded',
    'You have as many sessions open as the clinic allows, pending ones included.',
  );
}

async function takenBy(
  call: Call,
  wish: TypedWish,
  session: NewSession,
  question: SlotQuestion,
  now: number,
): Promise<HoldfastError> {
  const people = await peopleInTheWay(call.deps.knex, session.id, wishesOf(session));
  const isOwn = people.length === 1 && people[0] === wish.clientId;
  const code = isOwn ? 'client_unavailable' : 'slot_unavailable';
  return slotRefusal(call.deps, question, wish.slot, code, now);
}
