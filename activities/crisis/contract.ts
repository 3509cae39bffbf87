import type { AlertState } from '../../domain/alert-events.ts';
import type { AlertSeverity, PageChannel } from '../../domain/escalation-policy.ts';
import type { EscalationContext, PageOrder } from '../../domain/escalation.ts';
import type { LostStep } from '../../domain/lost-contact.ts';
import type { AlertNews, LateReport } from '../../workflows/messages/crisis-alert.ts';

/** What an alert's workflow asks of the world outside. Every activity may run twice. */
export interface CrisisActivities {
  /** Who can be paged, and how the alert stands on record. Answers without PostgreSQL as well. */
  beginAlert(input: BeginAlert): Promise<AlertBeginning>;
  readContext(input: ReadContext): Promise<ContextReading>;
  sendPage(input: PageJob): Promise<PageSent>;
  /** Hangs up what still rings. */
  stopPages(input: { readonly alertId: string; readonly calls: readonly string[] }): Promise<void>;
  recordAlert(input: AlertRecord): Promise<RecordOutcome>;
  /** Writes down an alert that was raised without PostgreSQL, or joins it to the one that is open. */
  recordLate(input: LateAlert): Promise<LateOutcome>;
  tellPerson(input: Told): Promise<void>;
  tellHolder(input: HolderTold): Promise<void>;
  /** A report that came when its alert had been resolved opens another. */
  raiseAnew(input: { readonly alertId: string; readonly triggerId: string }): Promise<void>;
  /** Whether somebody had left already when their alert came. */
  isPersonGone(input: LostPerson): Promise<boolean>;
  /** Whether somebody who had dropped out is there again. */
  isPersonBack(input: LostPerson): Promise<boolean>;
  /** Those who look for somebody hear what is to be done next. */
  tellOfLoss(input: LostNews): Promise<void>;
  /** Asks a human to look after the person. */
  openFollowUp(input: { readonly alertId: string }): Promise<void>;
}

export interface BeginAlert {
  readonly alertId: string;
  readonly clinicId: string | null;
  readonly personId: string;
}

/** The context and its digest, by which it is known again. */
export interface KnownContext {
  readonly digest: string;
  readonly context: EscalationContext;
}

export interface AlertBeginning {
  readonly clinicId: string;
  readonly known: KnownContext;
  /** Null where it is not on record, or the record doesn't answer. */
  readonly record: RecordedAlert | null;
}

export interface RecordedAlert {
  readonly number: string;
  readonly version: number;
  /** Null until it was first written. */
  readonly state: AlertState | null;
  readonly severity: AlertSeverity;
}

export interface ReadContext {
  readonly clinicId: string;
  /** Whose alert it is. */
  readonly personId: string;
  /** What the workflow has already: it isn't sent again. */
  readonly digest: string;
}

/** Null where nothing has changed. */
export type ContextReading = KnownContext | null;

export interface PageJob extends PageOrder {
  readonly alertId: string;
  readonly clinicId: string;
  /** The case number; null until the alert is on record. */
  readonly number: string | null;
  readonly batch: number;
  readonly tier: number;
  readonly isDrill: boolean;
}

export type PageSent =
  | {
      readonly kind: 'sent';
      /** The provider's name for it; null for a socket's. */
      readonly providerId: string | null;
      readonly isRecorded: boolean;
    }
  | { readonly kind: 'failed'; readonly code: string };

/** A page that went out while PostgreSQL was away. */
export interface UnrecordedPage {
  readonly batch: number;
  readonly tier: number;
  readonly personId: string;
  readonly channel: PageChannel;
  readonly providerId: string | null;
}

export interface AlertRecord {
  readonly alertId: string;
  /** The version on record that this one follows. */
  readonly base: number;
  readonly version: number;
  /** The same for every attempt to write this very version. */
  readonly mark: string;
  readonly state: AlertState;
  readonly news: readonly AlertNews[];
  readonly pages: readonly UnrecordedPage[];
}

export type RecordOutcome =
  | { readonly kind: 'recorded' }
  /** Somebody has written without the workflow: theirs stands. */
  | { readonly kind: 'conflict'; readonly version: number; readonly state: AlertState };

export interface LateAlert {
  readonly alertId: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly isDrill: boolean;
  readonly reports: readonly LateReport[];
}

export interface LateOutcome {
  /** The alert that the reports are part of: this one, or the one that the person had open. */
  readonly alertId: string;
  readonly number: string;
}

export interface Told {
  readonly alertId: string;
  readonly personId: string;
}

export interface LostPerson {
  readonly alertId: string;
  readonly personId: string;
}

export interface LostNews extends LostPerson {
  readonly clinicId: string | null;
  /** Null while nobody has the alert. */
  readonly holderId: string | null;
  readonly number: string | null;
  readonly step: LostStep;
}

export interface HolderTold {
  readonly alertId: string;
  readonly holderId: string;
  readonly number: string | null;
  readonly because: 'trigger' | 'contact_reminder';
}
