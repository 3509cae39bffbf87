import { v7 as uuidv7 } from 'uuid';
import { type TherapistCalendar, bookingRules } from '../../db/availability.ts';
import { listGrants } from '../../db/authorisations.ts';
import type { NewSession } from '../../db/bookings.ts';
import type { Service } from '../../db/models/service.ts';
import { roomCode } from '../../db/room-codes.ts';
import type { Therapist } from '../../db/therapists.ts';
import { allocateGrants } from '../../domain/authorisations.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { localDateOf } from '../../domain/local-time.ts';
import { type Plan, answerDueAt, holdDueAt, paymentDueAt } from '../../domain/plan.ts';
import { priceOf } from '../../domain/pricing.ts';
import type { SessionState } from '../../domain/session.ts';
import type { Slot } from '../../domain/slots.ts';
import type { Call } from '../http/handler.ts';
import { sealDetails } from './compose-booking.ts';
import { type RefusedSlot, refuseSlots } from './hold-refusals.ts';
import type { HoldWish } from './hold-wish.ts';

/** What the sessions of one hold have in common. */
interface Terms {
  readonly holdId: string;
  readonly plan: Plan;
  readonly currency: string;
  readonly needsApproval: boolean;
  readonly holdDueAt: number;
  readonly now: number;
}

/** The held sessions that a wish becomes: the first has the id of the request, as the hold has. */
export async function composeHold(
  call: Call,
  wish: HoldWish,
  calendar: TherapistCalendar,
  currency: string,
  now: number,
): Promise<NewSession[]> {
  const plan = planFor(calendar, wish.service, now);
  const firstStart = Math.min(...wish.slots.map(({ startMs }) => startMs));
  const isOwn = call.principal.personId === wish.therapistId;
  const terms: Terms = {
    holdId: call.newId,
    plan,
    currency,
    needsApproval: plan.approval.by === 'therapist' && !isOwn,
    holdDueAt: holdDueAt(plan, now, firstStart),
    now,
  };
  const grants = await grantsFor(call, wish, calendar.therapist, now);
  return Promise.all(
    wish.slots.map((slot, index) =>
      composeOne(call, wish, terms, calendar.therapist, slot, {
        id: index === 0 ? call.newId : uuidv7(),
        authorisationId: grants[index] ?? null,
      }),
    ),
  );
}

/** The door's plan, with who pays as the service says. */
export function planFor(calendar: TherapistCalendar, service: Service | null, now: number): Plan {
  const { buffers } = bookingRules(calendar, now);
  const { payment } = calendar.plan;
  if (service === null) return { ...calendar.plan, buffers };
  const by = service.paid_by === 'insurance' ? 'clinic' : service.paid_by;
  return { ...calendar.plan, buffers, payment: { ...payment, by } };
}

/** The authorisation of each session where the insurer pays. Refuses what nothing is left for. */
async function grantsFor(
  call: Call,
  wish: HoldWish,
  { insurers }: Therapist,
  now: number,
): Promise<readonly (string | null)[]> {
  if (wish.service?.paid_by !== 'insurance') return [];
  const accepted = new Set(insurers.map((insurer) => insurer.toLowerCase()));
  const grants = (await listGrants(call.deps.knex, wish.clientId)).filter(({ payer }) =>
    accepted.has(payer.toLowerCase()),
  );
  const dates = wish.slots.map(({ startMs }) => localDateOf(wish.timeZone, startMs));
  const allocated = allocateGrants(dates, grants);
  const refused = wish.slots.flatMap((slot, index): RefusedSlot[] =>
    allocated[index] === null ? [{ slot, code: 'booking_limit_exceeded' }] : [],
  );
  if (refused.length > 0) throw await refuseSlots(call, wish, refused, now);
  return allocated;
}

async function composeOne(
  call: Call,
  wish: HoldWish,
  terms: Terms,
  therapist: Therapist,
  slot: Slot,
  { id, authorisationId }: { id: string; authorisationId: string | null },
): Promise<NewSession> {
  const { principal } = call;
  const priceCents = priceFor(wish, therapist, slot, terms.plan);
  const dueCents = terms.plan.payment.by === 'client' ? priceCents : 0;
  return {
    id,
    clinicId: principal.clinicId,
    door: 'scheduling',
    sessionType: wish.sessionType,
    format: wish.format,
    specialization: null,
    therapistId: wish.therapistId,
    clientId: wish.clientId,
    timeZone: wish.timeZone,
    state: heldState(terms, slot, dueCents > 0),
    plan: terms.plan,
    priceCents,
    dueCents,
    currency: terms.currency,
    roomCode: roomCode(),
    details: await sealDetails(call, id, wish.details),
    createdBy: principal.personId,
    bookedAt: terms.now,
    placing: {
      holdId: terms.holdId,
      serviceId: wish.service?.id ?? null,
      locationId: wish.locationId,
      authorisationId,
    },
  };
}

/** As the service says, in proportion to its length; else as the therapist asks. */
export function priceFor(
  { service, sessionType }: Pick<HoldWish, 'service' | 'sessionType'>,
  therapist: Therapist,
  slot: Slot,
  plan: Plan,
): number {
  const minutes = (slot.endMs - slot.startMs) / 60_000;
  const rates =
    service === null
      ? {
          centsByType: therapist.ratesCents,
          standardDurationMinutes: therapist.durationsMinutes[0] ?? minutes,
        }
      : {
          centsByType: { [sessionType]: service.price_cents },
          standardDurationMinutes: service.duration_minutes,
        };
  const price = priceOf(rates, sessionType, minutes);
  if (price !== null) return price;
  if (plan.payment.by !== 'client') return 0;
  throw new HoldfastError(
    'therapist_unavailable',
    'The therapist has set no price for this type of session; name a service that has one.',
  );
}

/** The later deadlines run from the end of the hold: nobody is charged for thinking it over. */
function heldState(terms: Terms, { startMs, endMs }: Slot, isPaid: boolean): SessionState {
  const { plan, needsApproval, holdDueAt: dueAt } = terms;
  return {
    status: 'held',
    startsAt: startMs,
    endsAt: endMs,
    approval: needsApproval ? 'awaited' : 'not_needed',
    payment: isPaid ? 'due' : 'not_due',
    holdDueAt: dueAt,
    answerDueAt: needsApproval ? answerDueAt(plan, dueAt, startMs) : null,
    paymentDueAt: isPaid ? paymentDueAt(plan, dueAt, startMs) : null,
    proposal: null,
    scheduleVersion: 1,
  };
}
