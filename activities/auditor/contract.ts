import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import type { PageDecision } from '../../domain/escalation.ts';

/** One round of pages that the auditor sends for an alert. */
export interface AuditRound extends Pick<
  Extract<PageDecision, { kind: 'page' }>,
  'tier' | 'pages' | 'skipped' | 'isLastResort'
> {
  readonly alertId: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly severity: AlertSeverity;
  readonly isDrill: boolean;
  /** Counted from 1, by the auditor alone. */
  readonly batch: number;
}

export interface AuditorDeps {
  readonly knex: Knex;
  readonly temporal: Client;
  /** Sends the pages as a workflow's would be; how many of them some provider has taken. */
  readonly page: (round: AuditRound) => Promise<number>;
  readonly onFault: (error: unknown) => void;
}
