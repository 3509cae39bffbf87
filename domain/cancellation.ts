import type { ErrorCode } from './errors.ts';
import type { CancellationPlan, Plan } from './plan.ts';
import type { Party } from './session.ts';

/** `charge_fee` and, for staff, `waive_fee` set the plan's rule aside. */
export type CancellationOverride = 'standard' | 'waive_fee' | 'charge_fee';

/** What decides until when a client cancels for nothing. */
export interface FreeTerms {
  /** The rule that the session was booked under. */
  readonly policy: CancellationPlan;
  readonly startsAt: number;
  readonly bookedAt: number;
  /** When others than the client moved it to this time; absent where the client chose it. */
  readonly movedByOthersAt?: number | undefined;
}

export interface QuoteInput extends FreeTerms {
  readonly now: number;
  /** What the client owes for the session, after insurance: the fee is a share of it. */
  readonly dueCents: number;
  /** What the client has paid: captured or authorised, never more than is held. */
  readonly paidCents: number;
  readonly by: Party;
  readonly override?: CancellationOverride;
}

export type QuoteReason = 'free' | 'fee' | 'unpaid' | 'full_refund' | 'fee_waived' | 'fee_charged';

/**
 * `feeCents` and `refundCents` together are exactly what was paid. The quote holds for every
 * instant before `validUntilMs`; null when it never changes any more.
 */
export interface CancellationQuote {
  readonly kind: 'quote';
  readonly feeCents: number;
  readonly refundCents: number;
  readonly freeUntilMs: number;
  readonly validUntilMs: number | null;
  readonly code: QuoteReason;
}

export interface CancellationRefused {
  readonly kind: 'refused';
  readonly code: Extract<ErrorCode, 'cancellation_deadline_passed' | 'forbidden'>;
}

/**
 * What a cancellation at `now` costs and gives back. The refund follows this quote to the cent.
 * Cancelling is free before `freeUntilMs`; later and until the start a client pays the fee, but
 * nobody is charged for a session that was never paid. The therapist's or the system's
 * cancellation refunds in full. Staff act by the client's rule and may set it aside.
 */
export function quote(input: QuoteInput): CancellationQuote | CancellationRefused {
  const override = input.override ?? 'standard';
  switch (input.by) {
    case 'therapist':
    case 'system':
      if (override === 'charge_fee') return { kind: 'refused', code: 'forbidden' };
      return withFee(input, 0, 'full_refund', null);
    case 'client':
      if (override !== 'standard') return { kind: 'refused', code: 'forbidden' };
      if (input.now >= input.startsAt) {
        return { kind: 'refused', code: 'cancellation_deadline_passed' };
      }
      return standardQuote(input);
    case 'staff':
      if (override === 'waive_fee') return withFee(input, 0, 'fee_waived', null);
      if (override === 'charge_fee') return withFee(input, fullFee(input), 'fee_charged', null);
      return standardQuote(input);
  }
}

function standardQuote(input: QuoteInput): CancellationQuote {
  const freeUntilMs = freeUntil(input);
  if (input.now < freeUntilMs) return withFee(input, 0, 'free', freeUntilMs);
  // After the start only staff gets here, and nothing changes any more.
  const validUntilMs = input.now < input.startsAt ? input.startsAt : null;
  return withFee(input, fullFee(input), 'fee', validUntilMs);
}

function withFee(
  input: QuoteInput,
  feeCents: number,
  reason: QuoteReason,
  validUntilMs: number | null,
): CancellationQuote {
  return {
    kind: 'quote',
    feeCents,
    refundCents: input.paidCents - feeCents,
    freeUntilMs: freeUntil(input),
    validUntilMs,
    code: input.paidCents === 0 ? 'unpaid' : reason,
  };
}

function fullFee({ policy, dueCents, paidCents }: QuoteInput): number {
  return Math.min(lateFee(policy, dueCents), paidCents);
}

/** The fee of a late cancellation of a paid session; a part of a cent is the client's. */
export function lateFee(policy: CancellationPlan, dueCents: number): number {
  return Math.floor((dueCents * policy.feePercent) / 100);
}

/** How long a client may think over a time that others have chosen, whatever the plan says. */
const RECONSIDER_MS = 24 * 3_600_000;

/**
 * The instant before which cancelling is free: between the booking and the start, and after others
 * moved the session not before the client had a day to think it over.
 */
export function freeUntil({ policy, startsAt, bookedAt, movedByOthersAt }: FreeTerms): number {
  const usual = between(bookedAt, startsAt - policy.freeUntilBeforeStartMs, startsAt);
  if (movedByOthersAt === undefined) return usual;
  return Math.max(usual, Math.min(movedByOthersAt + RECONSIDER_MS, startsAt));
}

/** The instant before which a client may reschedule: between the booking and the start. */
export function rescheduleUntil(
  plan: Pick<Plan, 'rescheduleUntilBeforeStartMs'>,
  startsAt: number,
  bookedAt: number,
): number {
  return between(bookedAt, startsAt - plan.rescheduleUntilBeforeStartMs, startsAt);
}

/** Null when the party may reschedule; therapist and staff may until the start. */
export function rescheduleRefusal(input: {
  readonly plan: Pick<Plan, 'rescheduleUntilBeforeStartMs'>;
  readonly startsAt: number;
  readonly bookedAt: number;
  readonly now: number;
  readonly by: Party;
}): Extract<ErrorCode, 'reschedule_deadline_passed'> | null {
  const { plan, startsAt, bookedAt, now, by } = input;
  const untilMs = by === 'client' ? rescheduleUntil(plan, startsAt, bookedAt) : startsAt;
  return now < untilMs ? null : 'reschedule_deadline_passed';
}

function between(low: number, value: number, high: number): number {
  return Math.min(Math.max(low, value), high);
}
