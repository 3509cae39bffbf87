import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import {
  MAX_BUFFER_MS,
  type TherapistCalendar,
  bookingRules,
  findCalendar,
} from '../../db/availability.ts';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import {
  type ClientCalendar,
  type NewSession,
  clientCalendar,
  wishesOf,
} from '../../db/bookings.ts';
import { peopleInTheWay, releaseExpiredInTheWay } from '../../db/claims.ts';
import type { WaitlistWish } from '../../db/models/waitlist-wish.ts';
import { type Hold, type HoldOutcome, insertHold } from '../../db/offer-holds.ts';
import { openOfferOfWish } from '../../db/offers.ts';
import { findRecipient } from '../../db/recipients.ts';
import { roomCode } from '../../db/room-codes.ts';
import { inTransaction } from '../../db/transaction.ts';
import { type Vacancy, wishedTimes } from '../../db/waitlist.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import { heldState } from '../../domain/first-state.ts';
import type { Interval } from '../../domain/intervals.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import type { Plan } from '../../domain/plan.ts';
import { priceOf } from '../../domain/pricing.ts';
import { type Slot, isBookable } from '../../domain/slots.ts';
import { offerDueAt, suitsWish } from '../../domain/waitlist.ts';

/**
 * What came of offering a free time to one waiting client. `passed`: it is none of the times that
 * they wait for; `skipped`: it is, but they can't have it, and why; `gone`: nobody can have it.
 */
export type Offering =
  | { readonly kind: 'offered'; readonly offerId: string }
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'gone'; readonly reason: string };

interface Candidate {
  readonly wish: WaitlistWish;
  readonly vacancy: Vacancy;
  readonly slot: Slot;
  readonly calendar: TherapistCalendar;
  readonly client: ClientCalendar;
  readonly now: number;
}

/** Offers a free time to one client: a hold that is theirs alone until it is due. */
export async function offerTo(
  knex: Knex,
  vacancy: Vacancy,
  wish: WaitlistWish,
  now: number,
): Promise<Offering> {
  const candidate = await candidateFor(knex, vacancy, wish, now);
  if (candidate === null) return { kind: 'gone', reason: 'therapist_unavailable' };
  if (candidate === 'unsuitable') return { kind: 'passed' };
  const refusal = refusalOf(candidate);
  if (refusal !== null) return refusal;
  if ((await openOfferOfWish(knex, wish.id)) !== null) {
    return { kind: 'skipped', reason: 'has_another_offer' };
  }
  return holdFor(knex, candidate);
}

async function candidateFor(
  knex: Knex,
  vacancy: Vacancy,
  wish: WaitlistWish,
  now: number,
): Promise<Candidate | 'unsuitable' | null> {
  const { clinicId, therapistId } = vacancy;
  const { sessionType, clientId } = wish;
  const window = {
    startMs: vacancy.slot.startMs - MAX_BUFFER_MS,
    endMs: vacancy.slot.endMs + MAX_BUFFER_MS,
  };
  const calendar = await findCalendar(knex, {
    clinicId,
    therapistId,
    door: 'therapy',
    sessionType,
    window,
  });
  if (calendar === null) return null;
  const { isVerified, acceptsClients } = calendar.therapist;
  if (!isVerified || !acceptsClients) return null;
  const slot = slotFor(wish, vacancy.slot, calendar.therapist.durationsMinutes);
  if (slot === null || !suitsWish(wishedTimes(wish), slot, now)) return 'unsuitable';
  const client = await clientCalendar(knex, {
    clinicId,
    clientId,
    therapistId,
    onDayOf: slot.startMs,
    window: slot,
  });
  if (client === null || !client.isClient) return 'unsuitable';
  return { wish, vacancy, slot, calendar, client, now };
}

/** From the start of what is free, as long as the client wishes; else the longest that fits. */
function slotFor(
  { durationMinutes }: WaitlistWish,
  free: Interval,
  durationsMinutes: readonly number[],
): Slot | null {
  const fitting = durationsMinutes
    .filter((minutes) => minutes * MINUTE_MS <= free.endMs - free.startMs)
    .filter((minutes) => durationMinutes === null || minutes === durationMinutes);
  if (fitting.length === 0) return null;
  return { startMs: free.startMs, endMs: free.startMs + Math.max(...fitting) * MINUTE_MS };
}

function refusalOf({ slot, calendar, client, now }: Candidate): Offering | null {
  const rules = { ...bookingRules(calendar, now), clientBusy: client.busy };
  const verdict = isBookable(slot, rules);
  if (verdict.kind === 'refused') {
    const isTheirs = verdict.code === 'client_unavailable' || verdict.code === 'too_soon';
    return { kind: isTheirs ? 'skipped' : 'gone', reason: verdict.code };
  }
  const { maxOpenPerClient, maxPerClientPerDay } = calendar.plan.limits;
  const hasTooMany =
    client.openSessions >= maxOpenPerClient || client.sessionsOnDay >= maxPerClientPerDay;
  return hasTooMany ? { kind: 'skipped', reason: 'booking_limit_exceeded' } : null;
}

async function holdFor(knex: Knex, candidate: Candidate): Promise<Offering> {
  const { wish, vacancy, slot, calendar, now } = candidate;
  const recipient = await findRecipient(knex, wish.clientId);
  const { minimumNoticeMs } = bookingRules(calendar, now);
  const dueAt = offerDueAt({
    now,
    lastBookingAt: slot.startMs - Math.max(minimumNoticeMs, wish.noticeMinutes * MINUTE_MS),
    zone: recipient?.zone ?? wish.timeZone,
    quietHours: recipient?.quietHours ?? null,
  });
  if (dueAt === null) return { kind: 'skipped', reason: 'too_soon' };
  const session = sessionFor(candidate, dueAt);
  if (session === null) return { kind: 'skipped', reason: 'no_price' };
  const hold = { session, offerId: newId(), vacancyId: vacancy.id, wishId: wish.id, dueAt };
  const outcome = await insertOrRelease(knex, hold);
  if (outcome === 'held') return { kind: 'offered', offerId: hold.offerId };
  if (outcome === 'not_waiting') return { kind: 'skipped', reason: 'not_waiting' };
  const people = await peopleInTheWay(knex, session.id, wishesOf(session));
  return people.includes(vacancy.therapistId) || people.length === 0
    ? { kind: 'gone', reason: 'slot_unavailable' }
    : { kind: 'skipped', reason: 'client_unavailable' };
}

function sessionFor(
  { wish, slot, calendar, client, now }: Candidate,
  dueAt: number,
): NewSession | null {
  const { therapist } = calendar;
  const minutes = (slot.endMs - slot.startMs) / MINUTE_MS;
  const standardDurationMinutes = therapist.durationsMinutes[0] ?? minutes;
  const rates = { centsByType: therapist.ratesCents, standardDurationMinutes };
  const priceCents = priceOf(rates, wish.sessionType, minutes);
  if (priceCents === null) return null;
  const plan: Plan = { ...calendar.plan, buffers: bookingRules(calendar, now).buffers };
  const dueCents = plan.payment.by === 'client' ? priceCents : 0;
  const held = heldState(plan, slot, dueCents > 0, therapist.acceptsAutomatically, now);
  return {
    id: newId(),
    clinicId: wish.clinicId,
    door: 'therapy',
    sessionType: wish.sessionType,
    format: wish.format,
    specialization: wish.specialization,
    therapistId: therapist.id,
    clientId: wish.clientId,
    timeZone: wish.timeZone,
    state: { ...held, holdDueAt: dueAt },
    plan,
    priceCents,
    dueCents,
    currency: client.currency,
    roomCode: roomCode(),
    details: null,
    createdBy: wish.clientId,
    bookedAt: now,
  };
}

async function insertOrRelease(knex: Knex, hold: Hold): Promise<HoldOutcome> {
  const outcome = await insertOnce(knex, hold);
  if (outcome !== 'taken') return outcome;
  const released = await releaseExpiredInTheWay(knex, wishesOf(hold.session));
  return released > 0 ? insertOnce(knex, hold) : outcome;
}

class NotHeld extends Error {
  readonly outcome: HoldOutcome;
  constructor(outcome: HoldOutcome) {
    super(outcome);
    this.outcome = outcome;
  }
}

async function insertOnce(knex: Knex, hold: Hold): Promise<HoldOutcome> {
  try {
    return await inTransaction(
      knex,
      { actor: SYSTEM_ACTOR, requestId: null },
      async (trx, audit) => {
        const outcome = await insertHold(trx, hold);
        if (outcome !== 'held') throw new NotHeld(outcome);
        audit({
          action: 'offer.made',
          objectType: 'offer',
          objectId: hold.offerId,
          clinicId: hold.session.clinicId,
          subjectId: hold.session.clientId,
          changes: { sessionId: hold.session.id, dueAt: hold.dueAt },
        });
        return outcome;
      },
    );
  } catch (error) {
    if (error instanceof NotHeld) return error.outcome;
    // Time off was written since the calendar was read.
    if (errorCodeOf(error) === 'therapist_unavailable') return 'taken';
    throw error;
  }
}
