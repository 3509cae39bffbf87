import type { AlertSeverity } from './escalation-policy.ts';
import type { PageOrder, Skipped } from './escalation.ts';

/** How an alert can end. What happened in words belongs to the record, sealed. */
export const ALERT_OUTCOMES = [
  'safe',
  'safety_plan_made',
  'handed_over',
  'emergency_services',
  'hospital',
  'could_not_be_reached',
  'false_alarm',
  /** What whoever resolved it has written down says how. */
  'as_described',
] as const;
export type AlertOutcome = (typeof ALERT_OUTCOMES)[number];

export function isAlertOutcome(value: unknown): value is AlertOutcome {
  return ALERT_OUTCOMES.some((outcome) => outcome === value);
}

export interface OutstandingPage extends PageOrder {
  readonly result: 'out' | 'failed' | 'unanswered';
}

interface Basis {
  readonly severity: AlertSeverity;
  /** The step that was paged last; the first one before any was. */
  readonly tier: number;
  /** How often pages went out; with person and channel it names a page. */
  readonly batch: number;
  readonly lastPagedAtMs: number | null;
}

/** Nobody has it: pages go out, and never cease. */
export interface PagingAlert extends Basis {
  readonly kind: 'paging';
  readonly nextTier: number;
  readonly dueAtMs: number;
  readonly outstanding: readonly OutstandingPage[];
  /** When the person is told, next, that nobody has answered yet. */
  readonly tellAtMs: number;
  /** Whose lease has lapsed; a late sign of contact makes it theirs again. Null for all others. */
  readonly lastHolderId: string | null;
}

/** Somebody has acknowledged it and is expected to get in contact while the lease lasts. */
export interface HeldAlert extends Basis {
  readonly kind: 'held';
  readonly holderId: string;
  readonly heldSinceMs: number;
  readonly leaseUntilMs: number;
  /** When the holder was last told of a further report; alerts of before don't know. */
  readonly toldAtMs?: number;
}

/** A human is in contact with the person. Nobody is paged; the holder is reminded, some times. */
export interface InContactAlert extends Basis {
  readonly kind: 'in_contact';
  readonly holderId: string;
  readonly contactById: string;
  readonly contactAtMs: number;
  readonly remindAtMs: number;
  readonly toldAtMs?: number;
  /** How many reminders the holder has let pass; alerts of before have none. */
  readonly reminders?: number;
}

export interface ResolvedAlert extends Basis {
  readonly kind: 'resolved';
  readonly outcome: AlertOutcome;
  readonly resolvedById: string;
  readonly resolvedAtMs: number;
  readonly followUpAtMs: number | null;
}

export type AlertState = PagingAlert | HeldAlert | InContactAlert | ResolvedAlert;

export type AlertEvent =
  /** Time has gone by. */
  | { readonly kind: 'tick' }
  /** The person's trouble was noticed again, perhaps graver. */
  | { readonly kind: 'trigger'; readonly severity: AlertSeverity }
  /** What became of one page; `unanswered` is a call that no human took. */
  | {
      readonly kind: 'page_result';
      readonly batch: number;
      readonly page: PageOrder;
      readonly result: 'failed' | 'unanswered';
    }
  | { readonly kind: 'acknowledge'; readonly by: string }
  /** A message, a call or a room join. */
  | { readonly kind: 'sign'; readonly by: string }
  | { readonly kind: 'contact'; readonly by: string }
  /** The person has been gone for so long that whoever has the alert does not suffice. */
  | { readonly kind: 'contact_lost' }
  | { readonly kind: 'release'; readonly by: string }
  | { readonly kind: 'resolve'; readonly by: string; readonly outcome: string | null };

export type AlertRefusal =
  | { readonly reason: 'already_held'; readonly holderId: string }
  | { readonly reason: 'not_holder'; readonly holderId: string | null }
  | { readonly reason: 'outcome_required' }
  | { readonly reason: 'resolved' };

export type ReopenReason = 'lease_lapsed' | 'released' | 'raised' | 'contact_lost';

/** What has to be done outside, in this order. */
export type AlertEffect =
  | {
      readonly kind: 'page';
      readonly batch: number;
      readonly severity: AlertSeverity;
      readonly tier: number;
      readonly pages: readonly PageOrder[];
      readonly skipped: readonly Skipped[];
      readonly isLastResort: boolean;
    }
  /** Calls that still ring are hung up; no page goes out any more. */
  | { readonly kind: 'stop_pages' }
  | { readonly kind: 'reopened'; readonly because: ReopenReason; readonly from: string }
  | { readonly kind: 'tell_person' }
  | {
      readonly kind: 'tell_holder';
      readonly holderId: string;
      readonly because: 'trigger' | 'contact_reminder';
    }
  | { readonly kind: 'follow_up'; readonly atMs: number };

export interface AlertStep {
  readonly state: AlertState;
  readonly effects: readonly AlertEffect[];
  /** Why the event was not followed; time goes on all the same. */
  readonly refusal: AlertRefusal | null;
}
