import type { ErrorCode } from './errors.ts';

/** What a session can be, what can happen to it, and what that decides. All instants are epoch ms. */
export const SESSION_STATUSES = [
  'planned',
  'held',
  'requested',
  'awaiting_payment',
  'confirmed',
  'in_progress',
  'completed',
  'declined',
  'expired',
  'cancelled',
  'no_show',
] as const;

export type SessionStatus = (typeof SESSION_STATUSES)[number];

export const ENDED_STATUSES = ['completed', 'declined', 'expired', 'cancelled', 'no_show'] as const;
export type EndedStatus = (typeof ENDED_STATUSES)[number];

/** Where the money stands. `saved` is a card that is charged near the date. */
export type PaymentStanding = 'not_due' | 'due' | 'saved' | 'authorised' | 'captured';
export type Approval = 'not_needed' | 'awaited' | 'given';
export type Party = 'client' | 'therapist' | 'staff' | 'system';
export type Deadline = 'hold' | 'answer' | 'payment';
export type Attendance = 'attended' | 'absent' | 'unmarked';

/** A new time that waits for the therapist's answer; both times stay claimed meanwhile. */
export interface Proposal {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly answerDueAt: number;
}

/** What every state has. */
export interface SessionCore {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly approval: Approval;
  readonly payment: PaymentStanding;
  /** Due instants that are running in this state, by deadline. */
  readonly answerDueAt: number | null;
  readonly paymentDueAt: number | null;
  readonly holdDueAt: number | null;
  readonly proposal: Proposal | null;
  /** Counts the times of the session: reminders belong to one schedule version. */
  readonly scheduleVersion: number;
  /** When the session was moved to its present time, where it was not the client who chose it. */
  readonly movedByOthersAt?: number | undefined;
}

export type SessionState = SessionCore &
  (
    | { readonly status: Exclude<SessionStatus, EndedStatus> }
    | { readonly status: 'completed' | 'no_show'; readonly attendance: Attendance }
    | { readonly status: 'declined' }
    | { readonly status: 'expired'; readonly missed: Deadline }
    | { readonly status: 'cancelled'; readonly by: Party }
  );

export type SessionEvent =
  | { readonly type: 'submit' }
  /** A planned occurrence's time has come: it waits for its payment, if any is due. */
  | {
      readonly type: 'open';
      readonly payment: Extract<PaymentStanding, 'not_due' | 'due' | 'saved'>;
      readonly paymentDueAt: number | null;
    }
  | { readonly type: 'approve' }
  | { readonly type: 'decline' }
  | { readonly type: 'card_saved' }
  | { readonly type: 'payment_authorised'; readonly captureBeforeAt: number | null }
  | { readonly type: 'payment_captured' }
  | { readonly type: 'payment_lapsed'; readonly paymentDueAt: number }
  | { readonly type: 'deadline_passed'; readonly deadline: Deadline }
  | {
      readonly type: 'reschedule';
      readonly proposal: Proposal;
      readonly needsApproval: boolean;
      readonly by: Party;
    }
  | { readonly type: 'proposal_lapsed' }
  /** Another therapist takes the session over, with the approval that it has or waits for. */
  | { readonly type: 'reassign' }
  /** Another time that the client chose, perhaps with another therapist, since theirs is away. */
  | {
      readonly type: 'relocate';
      readonly startsAt: number;
      readonly endsAt: number;
      readonly needsApproval: boolean;
      /** When the new therapist has to have answered, where they have to approve. */
      readonly answerDueAt: number;
    }
  | { readonly type: 'cancel'; readonly by: Party }
  /** The session that a member's seat belongs to does not take place. */
  | { readonly type: 'call_off' }
  | { readonly type: 'start' }
  | { readonly type: 'mark_attendance'; readonly attendance: 'attended' | 'absent' }
  /** The client came to the room and the therapist never did. */
  | { readonly type: 'therapist_missed' }
  | { readonly type: 'end' };

export type Decision =
  | { readonly kind: 'moved'; readonly state: SessionState }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: ErrorCode };
