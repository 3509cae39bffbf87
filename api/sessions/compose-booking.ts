import type { FieldRef } from '../../crypto/field-cipher.ts';
import { type TherapistCalendar, bookingRules } from '../../db/availability.ts';
import type { NewSession } from '../../db/bookings.ts';
import { roomCode } from '../../db/room-codes.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { firstState } from '../../domain/first-state.ts';
import type { Plan } from '../../domain/plan.ts';
import { amountDue, priceOf } from '../../domain/pricing.ts';
import type { Call } from '../http/handler.ts';
import type { TypedWish } from './booking-wish.ts';
import type { Verified } from './insurance.ts';

/** The session that a wish becomes: its frozen plan, its price and what it waits for first. */
export async function composeBooking(
  call: Call,
  wish: TypedWish,
  calendar: TherapistCalendar,
  currency: string,
  coverage: Verified | null,
  now: number,
): Promise<NewSession> {
  const { principal, newId } = call;
  const { therapist } = calendar;
  const plan: Plan = { ...calendar.plan, buffers: bookingRules(calendar, now).buffers };
  const durationMinutes = (wish.slot.endMs - wish.slot.startMs) / 60_000;
  const rates = {
    centsByType: therapist.ratesCents,
    standardDurationMinutes: therapist.durationsMinutes[0] ?? durationMinutes,
  };
  const rate = priceOf(rates, wish.sessionType, durationMinutes);
  // A price that no client pays may be settled between the therapist and the clinic.
  const price = rate ?? (plan.payment.by === 'client' ? null : 0);
  if (price === null) {
    throw new HoldfastError(
      'refused_by_rule',
      'The therapist has set no price for this type of session.',
    );
  }
  const due = amountDue(price, coverage?.coverage ?? { kind: 'none' });
  // At the other doors a therapist's automatic acceptance has no say: their plans alone decide.
  const isAccepted = wish.door === 'therapy' && therapist.acceptsAutomatically;
  const paidByClient = plan.payment.by === 'client' ? due.dueCents : 0;
  return {
    id: newId,
    clinicId: principal.clinicId,
    door: wish.door,
    sessionType: wish.sessionType,
    format: wish.format,
    specialization: wish.specialization,
    therapistId: wish.therapistId,
    clientId: wish.clientId,
    timeZone: wish.timeZone,
    state: firstState(plan, wish.slot, paidByClient > 0, isAccepted, now),
    plan,
    priceCents: due.priceCents,
    dueCents: paidByClient,
    currency,
    roomCode: roomCode(),
    details: await sealDetails(call, newId, wish.details),
    createdBy: principal.personId,
    bookedAt: now,
  };
}

/** Where a session's texts live; they are sealed under the session's own key. */
export function detailsRef(sessionId: string): FieldRef {
  return { purpose: 'session', objectId: sessionId, column: 'details' };
}

/** What a person typed, as it is stored with a session. */
export async function sealDetails(
  call: Call,
  sessionId: string,
  details: object | null,
): Promise<Buffer | null> {
  if (details === null) return null;
  const { cipher, knex } = call.deps;
  return cipher.sealField(knex, detailsRef(sessionId), JSON.stringify(details));
}
