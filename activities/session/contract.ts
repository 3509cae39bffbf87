import type { SessionState } from '../../domain/session.ts';
import type { Channel } from '../../domain/plan.ts';

/** What the session workflow asks of the world outside. Every activity may run twice. */
export interface SessionActivities {
  begin(input: { sessionId: string }): Promise<BeginOutcome>;
  settleHold(input: { sessionId: string }): Promise<{ standing: 'confirmed' | 'released' }>;
  recordTransition(input: TransitionInput): Promise<{ outcome: TransitionOutcome }>;
  planReminders(input: PlanInput): Promise<PlannedReminder[]>;
  sendReminder(input: ReminderInput): Promise<ReminderOutcome>;
  settleReminder(input: ReminderInput): Promise<{ state: SendState }>;
  notify(input: NoticeInput): Promise<void>;
}

export type TransitionOutcome = 'recorded' | 'claims_lost' | 'slot_taken';

/** `ended` when the row was released before the workflow got to it. */
export type BeginOutcome = { kind: 'begun' } | { kind: 'ended' };

export interface TransitionInput {
  readonly sessionId: string;
  readonly version: number;
  readonly state: SessionState;
  readonly claims:
    'keep' | 'release' | 'propose' | 'move' | 'reclaim' | 'accept_proposal' | 'drop_proposal';
  readonly event: string;
  readonly actorId: string | null;
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
  /** The revision of the session that comes into force with this step. */
  readonly revisionId?: string;
}

export interface PlanInput {
  readonly sessionId: string;
  /** The one member of a group who is reminded. */
  readonly enrolmentId?: string;
  readonly scheduleVersion: number;
}

/** One send that is due at an instant (epoch ms) unless the session has changed by then. */
export interface PlannedReminder {
  readonly key: string;
  readonly dueAt: number;
  /** How long before the start the plan wants it, ms: a part of the key. */
  readonly offsetMs: number;
  readonly channel: Channel;
  readonly recipientId: string;
}

export interface ReminderInput {
  readonly sessionId: string;
  readonly enrolmentId?: string;
  readonly scheduleVersion: number;
  readonly reminder: PlannedReminder;
}

/** `postponed`: the recipient wants no message now, and may be reminded at that instant. */
export type ReminderOutcome =
  { readonly state: SendState } | { readonly state: 'postponed'; readonly dueAt: number };

/** `sending` is an attempt of which nothing more is known. */
export type SendState = 'sending' | 'sent' | 'delivered' | 'failed' | 'ambiguous' | 'skipped';

export type NoticeKind =
  | 'requested'
  | 'approved'
  | 'confirmed'
  | 'declined'
  | 'expired'
  | 'cancelled'
  | 'rescheduled'
  | 'reschedule_proposed'
  | 'reschedule_refused'
  | 'payment_lapsed'
  | 'reassigned'
  | 'handed_over'
  | 'follow_up'
  | 'screening_reminder';

export interface NoticeInput {
  readonly sessionId: string;
  /** The one member of a group who is told. */
  readonly enrolmentId?: string;
  readonly kind: NoticeKind;
  /** Makes one notice of each kind and version: a retry or a replay sends no second one. */
  readonly version: number;
}
