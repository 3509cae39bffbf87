import { v7 as uuidv7 } from 'uuid';
import { bookingRules } from '../../db/availability.ts';
import type { NewSession } from '../../db/bookings.ts';
import { roomCode } from '../../db/room-codes.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { PaymentPlan, Plan } from '../../domain/plan.ts';
import { priceOf } from '../../domain/pricing.ts';
import type { Place } from '../../domain/series.ts';
import type { Approval } from '../../domain/session.ts';
import { type Calendars, SERIES_DOOR } from './availability.ts';
import { DAY_MS } from '../../domain/local-time.ts';

/** An authorisation lives seven days at most. */
const LONGEST_NEAR_MS = 6 * DAY_MS;
const USUAL_NEAR_MS = 2 * DAY_MS;

/** What all occurrences of a series have in common. */
export interface Common {
  readonly clinicId: string;
  readonly therapistId: string;
  readonly clientId: string;
  readonly sessionType: string;
  readonly format: SessionFormat;
  readonly timeZone: string;
  readonly durationMinutes: number;
  readonly approval: Approval;
  readonly answerDueAt: number | null;
  readonly createdBy: string;
}

export interface ComposedOccurrence {
  readonly session: NewSession;
  readonly place: Place;
}

/** Planned sessions: each claims its time from now on and waits to be opened ahead of it. */
export function composeOccurrences(
  common: Common,
  { therapist: calendar, client }: Calendars,
  places: readonly Place[],
  now: number,
): ComposedOccurrence[] {
  const { therapist } = calendar;
  const rules = bookingRules(calendar, now);
  const plan = seriesPlan({ ...calendar.plan, buffers: rules.buffers });
  const price = priceOf(
    {
      centsByType: therapist.ratesCents,
      standardDurationMinutes: therapist.durationsMinutes[0] ?? common.durationMinutes,
    },
    common.sessionType,
    common.durationMinutes,
  );
  if (price === null) {
    throw new HoldfastError(
      'refused_by_rule',
      'The therapist has set no price for this type of session.',
    );
  }
  const dueCents = plan.payment.by === 'client' ? price : 0;
  return places.map((place) => ({
    place,
    session: {
      ...common,
      id: uuidv7(),
      door: SERIES_DOOR,
      specialization: null,
      state: {
        status: 'planned',
        startsAt: place.startMs,
        endsAt: place.endMs,
        approval: common.approval,
        payment: dueCents > 0 ? 'due' : 'not_due',
        holdDueAt: null,
        answerDueAt: common.answerDueAt,
        paymentDueAt: null,
        proposal: null,
        scheduleVersion: 1,
      },
      plan,
      priceCents: price,
      dueCents,
      currency: client.currency,
      roomCode: roomCode(),
      details: null,
      bookedAt: now,
    },
  }));
}

/** The card of a series is saved once, and each occurrence is charged near its own date. */
function seriesPlan(plan: Plan): Plan {
  const { nearSessionMs } = plan.payment;
  const opensBeforeStartMs = plan.room?.opensBeforeStartMs ?? 0;
  const isSound = nearSessionMs > opensBeforeStartMs && nearSessionMs <= LONGEST_NEAR_MS;
  const payment: PaymentPlan = {
    ...plan.payment,
    timing: 'near_session',
    nearSessionMs: isSound ? nearSessionMs : USUAL_NEAR_MS,
  };
  return { ...plan, payment };
}
