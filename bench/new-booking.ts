import { v7 as newId } from 'uuid';
import type { NewSession } from '../db/bookings.ts';
import { DEFAULT_PLAN, type Plan } from '../domain/plan.ts';

export interface BookingWish {
  readonly therapist: { readonly id: string };
  readonly clientId: string;
  /** Epoch ms. */
  readonly startsAt: number;
  readonly lengthMs?: number;
  readonly plan?: Plan;
}

const SESSION_MS = 50 * 60_000;

/** A session as the therapy door composes one that waits for its therapist. */
export function bookingOf(clinicId: string, wish: BookingWish): NewSession {
  const { therapist, clientId, startsAt, lengthMs = SESSION_MS } = wish;
  const plan = wish.plan ?? {
    ...DEFAULT_PLAN,
    limits: { maxOpenPerClient: 1_000, maxPerClientPerDay: 1_000 },
  };
  return {
    id: newId(),
    clinicId,
    door: 'therapy',
    sessionType: 'individual',
    format: 'video',
    specialization: 'anxiety',
    therapistId: therapist.id,
    clientId,
    timeZone: 'America/New_York',
    state: {
      status: 'requested',
      startsAt,
      endsAt: startsAt + lengthMs,
      approval: 'awaited',
      payment: 'due',
      holdDueAt: null,
      answerDueAt: startsAt,
      paymentDueAt: startsAt,
      proposal: null,
      scheduleVersion: 1,
    },
    plan,
    priceCents: 15_000,
    dueCents: 15_000,
    currency: 'USD',
    roomCode: 'BENCHMARK',
    details: null,
    createdBy: clientId,
    bookedAt: Date.now(),
  };
}
