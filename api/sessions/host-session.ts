import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type TherapistCalendar, findCalendar } from '../../db/availability.ts';
import { bookTogether } from '../../db/batch-bookings.ts';
import type { NewGroupSession, NewSession } from '../../db/bookings.ts';
import { findClinic } from '../../db/clinics.ts';
import { findInvited, settleHosted } from '../../db/hosted-sessions.ts';
import type { Service } from '../../db/models/service.ts';
import { roomCode } from '../../db/room-codes.ts';
import type { SeatWish } from '../../db/seat-transitions.ts';
import { type SessionFormat, findSession } from '../../db/sessions.ts';
import { firstSeat } from '../../domain/enrolment.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { firstState } from '../../domain/first-state.ts';
import type { HostedType } from '../../domain/hosted-session.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Slot } from '../../domain/slots.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { bookSeats, refusalOf, startWithSeats } from './book-seats.ts';
import { sealDetails } from './compose-booking.ts';
import { planFor, priceFor } from './compose-hold.ts';

/** A session that a therapist makes and hosts. */
export interface HostedWish {
  readonly type: HostedType;
  readonly format: Exclude<SessionFormat, 'in_person'>;
  readonly slot: Slot;
  /** IANA. */
  readonly timeZone: string;
  readonly participantIds: readonly string[];
  /** Beside the host's. */
  readonly seats: number;
  /** Says what a session costs and who pays; null leaves that to the door's plan. */
  readonly service: Service | null;
  readonly isRecorded: boolean;
  /** Text that somebody typed; sealed before it is stored. */
  readonly details: object | null;
}

/** What every session of a wish is made from. */
interface Terms {
  readonly plan: Plan;
  readonly priceCents: number;
  readonly currency: string;
  readonly details: Buffer | null;
  readonly now: number;
}

/**
 * Books a session for a therapist and everybody whom they invite, all at once or not at all; nobody
 * has to approve it. Resolves to its id, the same for the same request. Throws `not_found` for
 * somebody unknown, `time_in_past`, and who is not free: `slot_unavailable` for the therapist,
 * `client_unavailable` with `participantIds` for others.
 */
export async function hostSession(call: Call, wish: HostedWish): Promise<string> {
  const { deps, newId } = call;
  const isRetry = call.headers['idempotency-key'] !== undefined;
  const known = isRetry ? await findSession(deps.knex, newId) : null;
  if (known === null) await book(call, wish);
  await startWithSeats(call, newId);
  return newId;
}

async function book(call: Call, wish: HostedWish): Promise<void> {
  const { deps, principal } = call;
  const now = Date.now();
  if (wish.slot.startMs <= now) {
    throw new HoldfastError('time_in_past', 'The time lies in the past.');
  }
  const people = await findInvited(deps.knex, principal.clinicId, wish.participantIds);
  const terms = await termsOf(call, wish, now);
  const [only] = people;
  if (wish.type === 'individual' && only !== undefined) {
    return bookForOne(call, wish, terms, only.id);
  }
  const session = sessionFor(call, wish, terms, wish.seats);
  const seats = people.map((person) =>
    seatFor(call, session, { personId: person.id, id: uuidv7(), now }),
  );
  return bookSeats(call, session, seats, wish.isRecorded);
}

async function termsOf(call: Call, wish: HostedWish, now: number): Promise<Terms> {
  const { deps, newId, principal } = call;
  const [calendar, clinic] = await Promise.all([
    calendarOf(call, wish),
    findClinic(deps.knex, principal.clinicId),
  ]);
  const plan = planFor(calendar, wish.service, now);
  const question = { service: wish.service, sessionType: wish.type };
  return {
    plan,
    priceCents: priceFor(question, calendar.therapist, wish.slot, plan),
    currency: clinic.currency,
    details: await sealDetails(call, newId, wish.details),
    now,
  };
}

async function calendarOf(call: Call, wish: HostedWish): Promise<TherapistCalendar> {
  const { deps, principal } = call;
  const calendar = await findCalendar(deps.knex, {
    clinicId: principal.clinicId,
    therapistId: principal.personId,
    door: 'teletherapy',
    sessionType: wish.type,
    window: wish.slot,
  });
  if (calendar !== null) return calendar;
  throw new HoldfastError('forbidden', 'Only verified therapists host sessions.');
}

function commonOf(call: Call, wish: HostedWish, { details, now, ...terms }: Terms) {
  const { principal, newId: id } = call;
  return {
    ...terms,
    id,
    clinicId: principal.clinicId,
    door: 'teletherapy',
    sessionType: wish.type,
    format: wish.format,
    specialization: null,
    therapistId: principal.personId,
    timeZone: wish.timeZone,
    roomCode: roomCode(),
    details,
    createdBy: principal.personId,
    bookedAt: now,
    placing: {
      holdId: null,
      serviceId: wish.service?.id ?? null,
      locationId: null,
      authorisationId: null,
    },
  } as const;
}

async function bookForOne(
  call: Call,
  wish: HostedWish,
  terms: Terms,
  clientId: string,
): Promise<void> {
  const { deps, principal, requestId } = call;
  const dueCents = terms.plan.payment.by === 'client' ? terms.priceCents : 0;
  const session: NewSession = {
    ...commonOf(call, wish, terms),
    clientId,
    state: firstState(terms.plan, wish.slot, dueCents > 0, true, terms.now),
    dueCents,
  };
  const outcome = await bookTogether(deps.knex, auditContext(principal, requestId), {
    sessions: [session],
    isLimited: true,
    alongside: (trx) => settleHosted(trx, session.id, { isRecorded: wish.isRecorded }),
  });
  if (outcome.kind === 'booked') return;
  const isTherapist = outcome.refused.some(({ code }) => code === 'slot_unavailable');
  const isLimit = outcome.refused.some(({ code }) => code === 'booking_limit_exceeded');
  throw refusalOf(call, {
    kind: isLimit ? 'limit_exceeded' : 'busy',
    personIds: [isTherapist ? principal.personId : clientId],
  });
}

/** Members pay each for themselves, and come or don't; the session itself is confirmed. */
function sessionFor(call: Call, wish: HostedWish, terms: Terms, capacity: number): NewGroupSession {
  return {
    ...commonOf(call, wish, terms),
    clientId: null,
    group: { id: null, terms: { capacity, minMembers: 0, decideBeforeStartMs: 0 } },
    state: firstState(terms.plan, wish.slot, false, true, terms.now),
    dueCents: 0,
  };
}

/** A seat for somebody who is invited to a session with seats. */
export function seatFor(
  call: Call,
  session: Pick<NewGroupSession, 'id' | 'plan' | 'priceCents' | 'state'>,
  { personId, id, now }: { readonly personId: string; readonly id: string; readonly now: number },
): SeatWish {
  const { plan, priceCents, state } = session;
  const { startsAt, endsAt, scheduleVersion } = state;
  const dueCents = plan.payment.by === 'client' ? priceCents : 0;
  return {
    id,
    sessionId: session.id,
    personId,
    alias: `member_${randomBytes(6).toString('hex')}`,
    state: firstSeat({ plan, startsAt, endsAt, dueCents, scheduleVersion }, now),
    dueCents,
    consents: {},
    invitedBy: call.principal.personId,
  };
}
