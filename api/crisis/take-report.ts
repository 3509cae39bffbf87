import type { TriggerSource } from '../../db/crisis-intake.ts';
import { graver } from '../../domain/escalation-policy.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import type { Call } from '../http/handler.ts';
import { readUrgency } from '../support/dialect.ts';
import { knownClinic } from '../access/principal.ts';
import { raiseAlert } from './intake.ts';
import type { Raised } from './intake.ts';
import { writeWords } from './report-words.ts';
import type { ReportWords } from './report-words.ts';
import { screenWords } from './screen-words.ts';
import { subjectOf } from './whom.ts';

export interface ReportInput {
  /** As it was sent; a word that means nothing is `high`. */
  readonly severity: unknown;
  /** A code, never typed text. */
  readonly type: string;
  readonly source: TriggerSource;
  readonly sessionId: string | null;
  readonly messageId: string | null;
  readonly words: ReportWords;
}

/** A report that was taken, and by which id its sender knows whom it is about. */
export interface TakenReport extends Raised {
  readonly shownId: string;
}

/**
 * Takes somebody's report of a crisis, whatever is missing in it. The detector reads it as well:
 * whichever severity is graver counts.
 */
export async function takeReport(call: Call, input: ReportInput): Promise<TakenReport> {
  const { deps, principal, requestId } = call;
  const { type, source, messageId, words } = input;
  const { shownId, ...whose } = await subjectOf(deps, principal, input.sessionId);
  const screening = screenWords(words);
  const report = {
    ...whose,
    clinicId: knownClinic(principal),
    severity: graver(severityOf(input.severity), screening.severity),
    type,
    source,
    messageId,
    reportedBy: principal.personId,
    words: writeWords(words),
  };
  return { ...(await raiseAlert(deps, report, { principal, requestId })), shownId };
}

/** What is not said, or said in no word that is known, is `high`. */
export function severityOf(word: unknown): AlertSeverity {
  return readUrgency(typeof word === 'string' ? word.trim().toLowerCase() : word) ?? 'high';
}
