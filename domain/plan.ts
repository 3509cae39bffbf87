/**
 * A plan says how sessions of one kind live: who approves, who pays and when, which
 * reminders go out, what follows. Plans are a clinic's data; a session keeps the copy
 * that it was booked under. All durations are milliseconds.
 */
export interface Plan {
  /** How long a held slot waits to be turned into a request. */
  readonly holdTtlMs: number;
  readonly approval: ApprovalPlan;
  readonly payment: PaymentPlan;
  readonly reminders: readonly ReminderOffset[];
  /** A text without a delivery receipt after this long is followed by the fallback channel. */
  readonly receiptWindowMs: number;
  readonly room: RoomPlan | null;
  /** Time after the start in which somebody may still turn up. */
  readonly noShowGraceMs: number;
  /** Time after the end in which the therapist may mark attendance before the session completes. */
  readonly attendanceWindowMs: number;
  readonly followUp: FollowUpPlan | null;
  /** What the client does before the session; plans of an earlier time say nothing of it. */
  readonly preparation?: PreparationPlan | null;
  readonly cancellation: CancellationPlan;
  /** A session can be rescheduled until this long before its start. */
  readonly rescheduleUntilBeforeStartMs: number;
  readonly buffers: { readonly beforeMs: number; readonly afterMs: number };
  readonly minimumNoticeMs: number;
  /** How far ahead a session may be booked. */
  readonly horizonMs: number;
  readonly limits: BookingLimits;
}

export interface ApprovalPlan {
  readonly by: 'therapist' | 'nobody';
  readonly ttlMs: number;
}

export interface PaymentPlan {
  readonly by: 'client' | 'clinic' | 'nobody';
  /** The payment is due this long after the booking... */
  readonly ttlMs: number;
  /** ...and no later than this long before the start. */
  readonly dueBeforeStartMs: number;
  /** `on_approval` captures with the approval, `near_session` saves the card and charges near the date. */
  readonly timing: 'on_approval' | 'near_session';
  /** With `near_session`: how long before the start the saved card is charged. */
  readonly nearSessionMs: number;
}

export type Channel = 'sms' | 'email';

export interface ReminderOffset {
  readonly beforeStartMs: number;
  readonly channels: readonly Channel[];
}

export interface RoomPlan {
  readonly opensBeforeStartMs: number;
  readonly closesAfterEndMs: number;
  /** Whether the host lets each one in; plans of an earlier time say nothing of it, which means yes. */
  readonly hasWaitingRoom?: boolean;
  /** Whether who comes later is shown what was written in the room before; unsaid means yes. */
  readonly isChatShownToLater?: boolean;
}

export interface FollowUpPlan {
  readonly afterEndMs: number;
  readonly askForRating: boolean;
  readonly offerRebooking: boolean;
  /** A questionnaire that goes with it; plans of an earlier time say nothing of it. */
  readonly screening?: FollowUpScreening | null;
}

export interface FollowUpScreening {
  /** Its type, such as `PHQ-9`. */
  readonly questionnaire: string;
  /** One reminder so long after the follow-up, to whoever has not filled it in. */
  readonly remindAfterMs: number;
}

export interface PreparationPlan {
  /** Types of questionnaires. */
  readonly questionnaires: readonly string[];
  /** Ids of the clinic's materials. */
  readonly materials: readonly string[];
  readonly dueBeforeStartMs: number;
}

export interface CancellationPlan {
  /** Cancelling is free until this long before the start... */
  readonly freeUntilBeforeStartMs: number;
  /** ...and costs this share of the price afterwards, in whole percent. */
  readonly feePercent: number;
}

export interface BookingLimits {
  /** Sessions of one client that have not ended, pending ones included. */
  readonly maxOpenPerClient: number;
  /** Sessions of one client on one day of the clinic, pending ones included. */
  readonly maxPerClientPerDay: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What a clinic starts with before it changes anything. */
export const DEFAULT_PLAN: Plan = {
  holdTtlMs: 10 * MINUTE_MS,
  approval: { by: 'therapist', ttlMs: DAY_MS },
  payment: {
    by: 'client',
    ttlMs: 3 * DAY_MS,
    dueBeforeStartMs: DAY_MS,
    timing: 'on_approval',
    nearSessionMs: 2 * DAY_MS,
  },
  reminders: [
    { beforeStartMs: DAY_MS, channels: ['email', 'sms'] },
    { beforeStartMs: HOUR_MS, channels: ['sms'] },
  ],
  receiptWindowMs: 5 * MINUTE_MS,
  room: { opensBeforeStartMs: 10 * MINUTE_MS, closesAfterEndMs: 30 * MINUTE_MS },
  noShowGraceMs: 15 * MINUTE_MS,
  attendanceWindowMs: HOUR_MS,
  followUp: { afterEndMs: 2 * HOUR_MS, askForRating: true, offerRebooking: true },
  cancellation: { freeUntilBeforeStartMs: DAY_MS, feePercent: 50 },
  rescheduleUntilBeforeStartMs: DAY_MS,
  buffers: { beforeMs: 0, afterMs: 10 * MINUTE_MS },
  minimumNoticeMs: 2 * HOUR_MS,
  horizonMs: 90 * DAY_MS,
  limits: { maxOpenPerClient: 20, maxPerClientPerDay: 3 },
};

/** Between the latest answer of the therapist and the end of the card authorisation it captures. */
export const CAPTURE_MARGIN_MS = 12 * HOUR_MS;

/**
 * Keeps the therapist's answer {@link CAPTURE_MARGIN_MS} inside a card authorisation, which lapses
 * at `captureBeforeAt`. Where so much time is not left, the authorisation's own end is the limit;
 * one that is over sets none, since the session then waits for another payment.
 */
export function insideAuthorisation(
  answerDueAtMs: number | null,
  captureBeforeAt: number | null,
  now: number,
): number | null {
  if (answerDueAtMs === null || captureBeforeAt === null) return answerDueAtMs;
  const limits = [captureBeforeAt - CAPTURE_MARGIN_MS, captureBeforeAt];
  const limit = limits.find((each) => each > now) ?? answerDueAtMs;
  return Math.min(answerDueAtMs, limit);
}

/** The therapist's answer is due then: `ttlMs` after the booking, and never after the start. */
export function answerDueAt(plan: Plan, bookedAt: number, startsAt: number): number {
  return Math.min(bookedAt + plan.approval.ttlMs, startsAt);
}

/**
 * The payment is due then. A rule that would put the deadline into the past is clamped:
 * a session booked at short notice can be paid until it starts.
 */
export function paymentDueAt(plan: Plan, bookedAt: number, startsAt: number): number {
  const beforeStart = startsAt - plan.payment.dueBeforeStartMs;
  const latest = beforeStart > bookedAt ? beforeStart : startsAt;
  return Math.min(bookedAt + plan.payment.ttlMs, latest);
}

export function holdDueAt(plan: Plan, heldAt: number, startsAt: number): number {
  return Math.min(heldAt + plan.holdTtlMs, startsAt);
}
