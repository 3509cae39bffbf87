import type { Knex } from 'knex';
import type { RaisedAlert } from '../../../db/crisis-intake.ts';
import type { RecordAudit } from '../../../db/transaction.ts';
import type { AlertSeverity } from '../../../domain/escalation-policy.ts';
import { severityRank } from '../../../domain/escalation-policy.ts';
import { knownClinic } from '../../access/principal.ts';
import { asWritten } from '../../crisis/as-written.ts';
import { raiseAlert, recordReport, startAlert } from '../../crisis/intake.ts';
import { screenWords } from '../../crisis/screen-words.ts';
import type { Answer, Call } from '../../http/handler.ts';

/** A reason to call a human, and what it is about. */
export interface Cry {
  readonly severity: AlertSeverity;
  /** A code. */
  readonly type: string;
  readonly source: 'request' | 'escalation';
  readonly sessionId: string | null;
  /** Whose trouble it is. */
  readonly personId: string;
  readonly words: string | null;
}

/** What a piece of work came to, and the alert that it recorded in its own transaction. */
export interface Helped {
  readonly answer: Answer;
  readonly raised: RaisedAlert | null;
}

/** The gravest of some reasons; null without any. */
export function gravestCry(...cries: readonly (Cry | null)[]): Cry | null {
  const real = cries.filter((cry) => cry !== null);
  return (
    real.toSorted((one, other) => severityRank(other.severity) - severityRank(one.severity))[0] ??
    null
  );
}

/** Whatever of the caller's own words speaks of a crisis. */
export function cryInWords(call: Call, words: unknown, sessionId: string | null): Cry | null {
  const { severity, type } = screenWords(words);
  if (severity === null) return null;
  const { personId } = call.principal;
  return { severity, type, source: 'request', sessionId, personId, words: textsOf(words) };
}

/**
 * Does what was asked for. The words that came with it call a human even where the work is refused
 * or fails: then in a transaction of their own. Where only the work can tell whose words they are,
 * `heard` is asked then.
 */
export async function neverUnheard(
  call: Call,
  heard: Cry | null | (() => Cry | null),
  work: () => Promise<Helped>,
): Promise<Answer> {
  const { deps, principal, requestId } = call;
  try {
    const { answer, raised } = await work();
    // It is on record and starts by the outbox at the latest, so that nobody waits for it here.
    if (raised !== null) void startAlert(deps, raised);
    return answer;
  } catch (error) {
    const cry = typeof heard === 'function' ? heard() : heard;
    if (cry !== null) {
      const clinicId = knownClinic(principal);
      const report = { ...cry, clinicId, messageId: null, reportedBy: principal.personId };
      await raiseAlert(deps, report, { principal, requestId });
    }
    throw error;
  }
}

/** Records the alert in the transaction that the cry came with. */
export async function recordCry(
  call: Call,
  trx: Knex.Transaction,
  audit: RecordAudit,
  cry: Cry | null,
): Promise<RaisedAlert | null> {
  if (cry === null) return null;
  const { clinicId, personId: reportedBy } = call.principal;
  const report = { ...cry, clinicId, reportedBy, messageId: null };
  return recordReport(call.deps.cipher, trx, audit, report);
}

function textsOf(words: unknown): string {
  if (typeof words === 'string') return words;
  if (Array.isArray(words)) return words.filter((word) => typeof word === 'string').join('\n');
  return asWritten(words);
}
