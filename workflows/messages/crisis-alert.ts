import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { KnownContext, UnrecordedPage } from '../../activities/crisis/contract.ts';
import type { AlertOutcome, AlertState } from '../../domain/alert-events.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import type { PageOrder } from '../../domain/escalation.ts';
import type { LostContact } from '../../domain/lost-contact.ts';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const CRISIS_ALERT_WORKFLOW = 'crisisAlertWorkflow';

/** Ids, codes and instants: no word about anybody's health passes through Temporal. */
export interface AlertInput {
  readonly alertId: string;
  /** Null while PostgreSQL, which alone knows it, does not answer. */
  readonly clinicId: string | null;
  readonly personId: string;
  /** The case number; null until the alert is on record. */
  readonly number: string | null;
  readonly isDrill: boolean;
  /** The report that it begins with: it pages even if no message ever reaches it. */
  readonly first: RaiseRequest;
  /** What an earlier run knew; null in the first. */
  readonly memory: AlertMemory | null;
  /**
   * Whom a new alert that has just been written down can page: the first pages wait for no other
   * look. Null for all others, which look how they stand.
   */
  readonly known?: KnownContext | null;
}

/** What is still to be written down about a report that was taken without PostgreSQL. */
export interface UnrecordedTrigger {
  readonly type: string;
  readonly source: string;
  readonly messageId: string | null;
  readonly reportedBy: string | null;
  readonly raisedAtMs: number;
}

export interface AlertResult {
  readonly status: AlertState['kind'];
  /** The person's other alert that this one was joined to; null for itself. */
  readonly joinedTo: string | null;
}

export interface RaiseRequest {
  readonly triggerId: string;
  readonly severity: AlertSeverity;
  readonly sessionId: string | null;
  /** Null for a report that is on record. */
  readonly unrecorded: UnrecordedTrigger | null;
}

/** By which way a human's word came. */
export type VerbWay = 'api' | 'socket' | 'sms' | 'voice' | 'temporal_ui';

export interface VerbRequest {
  readonly personId: string;
  readonly via: VerbWay;
  /** The call in which it was said, which goes on. */
  readonly callId?: string | null;
}

export interface ResolveRequest extends VerbRequest {
  readonly outcome: AlertOutcome;
}

/** How an alert stands after a message; a refusal says why, and who has it. */
export interface AlertAnswer {
  readonly kind: 'done' | 'already_held' | 'not_holder' | 'outcome_required' | 'resolved';
  readonly status: AlertState['kind'];
  readonly holderId: string | null;
  /** False when PostgreSQL did not answer in time: it is written down later. */
  readonly isRecorded: boolean;
}

/** What became of one page, as its provider says. */
export interface PageResult {
  readonly batch: number;
  readonly page: PageOrder;
  readonly result: 'failed' | 'unanswered';
}

export const raiseUpdate = defineUpdate<AlertAnswer, [RaiseRequest]>('raise');
export const acknowledgeUpdate = defineUpdate<AlertAnswer, [VerbRequest]>('acknowledgeAlert');
export const contactUpdate = defineUpdate<AlertAnswer, [VerbRequest]>('contactMade');
export const releaseUpdate = defineUpdate<AlertAnswer, [VerbRequest]>('releaseAlert');
export const resolveUpdate = defineUpdate<AlertAnswer, [ResolveRequest]>('resolveAlert');

/** A message, a call or a room join of its holder. */
export const signSignal = defineSignal<[{ readonly personId: string }]>('sign');
export const pageResultSignal = defineSignal<[PageResult]>('pageResult');
/** The record has changed without the workflow: it is read again. */
export const lookAgainSignal = defineSignal('lookAgain');

/** For hands in Temporal UI: `{"personId": "..."}`. Any argument at all is survived. */
export const acknowledgeSignal = defineSignal<[unknown?]>('acknowledge');
export const contactSignal = defineSignal<[unknown?]>('contact');
export const releaseSignal = defineSignal<[unknown?]>('release');
/** `{"personId": "...", "outcome": "..."}` */
export const resolveSignal = defineSignal<[unknown?]>('resolve');

/** For tests and diagnosis; whoever asks for an alert reads PostgreSQL. */
export const alertStateQuery = defineQuery<AlertState | null>('alertState');

/** All that one run hands to the next. */
export interface AlertMemory {
  readonly clinicId: string;
  readonly known: KnownContext;
  readonly state: AlertState;
  readonly version: number;
  /** The version on record that the next one follows. */
  readonly base: number;
  readonly triggerIds: readonly string[];
  readonly news: readonly AlertNews[];
  readonly pages: readonly UnrecordedPage[];
  readonly untold: readonly LateReport[];
  readonly calls: readonly string[];
  /** Runs from before it was known have none. */
  readonly lost?: LostContact | null;
}

/** A report that is not on record yet. */
export type LateReport = RaiseRequest & { readonly unrecorded: UnrecordedTrigger };

/** One line of the alert's course, before it is written down. */
export interface AlertNews {
  readonly kind: string;
  readonly atMs: number;
  readonly actorId: string | null;
  readonly via: VerbWay | null;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}
