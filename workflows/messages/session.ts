import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { NoticeKind, PlannedReminder } from '../../activities/session/contract.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { CancellationOverride } from '../../domain/cancellation.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Attendance, Party, SessionState, SessionStatus } from '../../domain/session.ts';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const SESSION_WORKFLOW = 'sessionWorkflow';

/** What a session's workflow starts from, and continues as new with. */
export interface SessionInput {
  readonly sessionId: string;
  readonly plan: Plan;
  readonly state: SessionState;
  /** The version of the session's row that `state` mirrors. */
  readonly version: number;
  readonly dueCents: number;
  readonly bookedAt: number;
  /** Undelivered notices, unread news and open reminders, carried over when the run continues as new. */
  readonly notices?: readonly { readonly kind: NoticeKind; readonly version: number }[];
  readonly news?: readonly string[];
  readonly reminding?: Reminding | null;
  readonly undelivered?: readonly string[];
  /** Who was in the room, where anybody was. */
  readonly presence?: RoomPresence;
  /** Set where this is one member's life in a group session. */
  readonly enrolmentId?: string;
  /** Set for a group, whose members have lives of their own. */
  readonly group?: GroupCourse;
}

/** Who came to a session's room, as its ledger tells. Instants are epoch ms. */
export interface RoomPresence {
  /** The ledger's row that it rests on: an older one changes nothing. */
  readonly sequence: number;
  readonly clientCameAt: number | null;
  readonly therapistCameAt: number | null;
  /** Since when nobody is there; null while somebody is. */
  readonly emptySince: number | null;
}

/** What a group session decides by itself: whether enough members are there. */
export interface GroupCourse {
  readonly minMembers: number;
  readonly decideBeforeStartMs: number;
  readonly isDecided: boolean;
}

/** The reminders of one version of the schedule that are not done with. */
export interface Reminding {
  readonly scheduleVersion: number;
  readonly open: OpenReminder[];
}

export interface OpenReminder {
  /** Due later than planned where its recipient wants no message before. */
  reminder: PlannedReminder;
  /** When its receipt is looked after, epoch ms; null until it has been sent. */
  settleAt: number | null;
}

export interface SessionResult {
  readonly status: SessionStatus;
}

/** Who acts: `personId` is null for the product itself and for a signal sent in Temporal UI. */
export interface Actor {
  readonly personId: string | null;
  readonly party: Party;
}

export interface ApproveRequest {
  readonly actor: Actor;
}

export interface StandingAnswer {
  readonly status: SessionStatus;
  readonly payment: SessionState['payment'];
}

export interface PayRequest {
  readonly actor: Actor;
  /** The payment attempt, persisted before this message is sent. */
  readonly paymentId: string;
}

export type PayAnswer = StandingAnswer & {
  readonly outcome:
    | { readonly kind: 'authorised' | 'saved' | 'processing' | 'action_required' }
    | {
        readonly kind: 'failed';
        readonly code: ErrorCode;
        readonly providerCode?: string;
        readonly requiredCents?: number;
        readonly balanceCents?: number;
      };
};

export interface CancelRequest {
  readonly actor: Actor;
  /** False when the client wants no money back. */
  readonly wantsRefund: boolean;
  readonly fee: CancellationOverride;
  /** Where the reason is on record. */
  readonly revisionId?: string;
}

export type RefundState = 'none' | 'refunded' | 'pending' | 'failed';

export interface CancelAnswer {
  readonly status: SessionStatus;
  readonly feeCents: number;
  readonly refundCents: number;
  readonly refund: RefundState;
}

export interface RescheduleRequest {
  readonly actor: Actor;
  readonly startsAt: number;
  readonly endsAt: number;
}

export interface RescheduleAnswer extends StandingAnswer {
  readonly oldStartsAt: number;
  /** Set while the therapist has yet to answer. */
  readonly answerDueAt: number | null;
}

/** The hold was confirmed with its key: that stands in the record before this message is sent. */
export interface ConfirmRequest {
  readonly actor: Actor;
}

/** Several changes of a session that come into force together, or not at all. */
export interface ReviseRequest {
  readonly actor: Actor;
  /** Persisted before this message is sent: texts, format, therapist, reason. */
  readonly revisionId: string;
  /** Null keeps the time. */
  readonly time: { readonly startsAt: number; readonly endsAt: number } | null;
  /** Whose session it was, when another therapist takes it over; else null. */
  readonly fromTherapistId: string | null;
  readonly approves: boolean;
}

/** The therapist is away: the session goes on at another time, perhaps with another therapist. */
export interface RelocateRequest {
  readonly actor: Actor;
  readonly startsAt: number;
  readonly endsAt: number;
  /** Names the other therapist, when one takes it over; else null. */
  readonly revisionId: string | null;
  /** Whose session it was, when another therapist takes it over; else null. */
  readonly fromTherapistId: string | null;
  /** Whether the new therapist approves each booking. */
  readonly needsApproval: boolean;
}

export interface AttendanceRequest {
  readonly actor: Actor;
  readonly attendance: Exclude<Attendance, 'unmarked'>;
}

/** The host begins before the scheduled start, as early as the plan's room opens. */
export interface BeginRequest {
  readonly actor: Actor;
}

export const approveUpdate = defineUpdate<StandingAnswer, [ApproveRequest]>('approve');
export const declineUpdate = defineUpdate<StandingAnswer, [ApproveRequest]>('decline');
export const payUpdate = defineUpdate<PayAnswer, [PayRequest]>('pay');
export const cancelUpdate = defineUpdate<CancelAnswer, [CancelRequest]>('cancel');
export const rescheduleUpdate = defineUpdate<RescheduleAnswer, [RescheduleRequest]>('reschedule');
export const confirmUpdate = defineUpdate<StandingAnswer, [ConfirmRequest]>('confirm');
export const reviseUpdate = defineUpdate<StandingAnswer, [ReviseRequest]>('revise');
export const relocateUpdate = defineUpdate<StandingAnswer, [RelocateRequest]>('relocate');
export const beginUpdate = defineUpdate<StandingAnswer, [BeginRequest]>('begin');
export const attendanceUpdate = defineUpdate<StandingAnswer, [AttendanceRequest]>('attendance');

/**
 * What a human can send from Temporal UI. The argument is free: anything may arrive here,
 * so it is never trusted and never makes the handler throw.
 */
export const approveSignal = defineSignal<[unknown?]>('approve');
export const declineSignal = defineSignal<[unknown?]>('decline');

/** The provider has news of a payment; its truth is fetched, never taken from the message. */
export const paymentNewsSignal = defineSignal<[{ readonly paymentId: string }]>('payment-news');

/** A message could not be delivered: its fallback need not wait for the receipt's time. */
export const sendSettledSignal =
  defineSignal<[{ readonly key: string; readonly state: 'delivered' | 'failed' }]>('send-settled');

/** Who came to the room, or that all have left it; sent from the ledger, in any order. */
export const presenceSignal = defineSignal<[RoomPresence]>('presence');

export const standingQuery = defineQuery<StandingAnswer>('standing');
