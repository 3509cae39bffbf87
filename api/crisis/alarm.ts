import type { Knex } from 'knex';
import type { AuditContext } from '../../db/audit/entry.ts';
import type { NewTrigger, RaisedAlert, TriggerSource } from '../../db/crisis-intake.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import type { Alarming, Screening } from '../../domain/triage/screen.ts';
import { knownClinic } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { asWritten } from './as-written.ts';
import { raiseAlert, recordReport, startAlert } from './intake.ts';
import type { IntakeDeps } from './intake.ts';
import { screenWords } from './screen-words.ts';
import { safely } from '../http/error-handler.ts';

/** Somebody's words, and what the detector made of them. */
export interface Heard {
  readonly principal: Principal;
  readonly screening: Screening;
  readonly words: string;
  /** Only of a session that the writer takes part in: it opens the session to the crisis team. */
  readonly sessionId: string | null;
  /** A message, where nothing else is said. */
  readonly source?: TriggerSource;
}

/**
 * Runs `work` together with the alarm that its words raise, if they do: both are on record, or
 * neither. Where `work` did nothing there is no alarm either. The alert's workflow starts once it is committed.
 */
export async function inTransactionWithAlarm<T>(
  deps: IntakeDeps,
  context: AuditContext,
  heard: Heard & { readonly messageId: string },
  work: (
    trx: Knex.Transaction,
    audit: RecordAudit,
  ) => Promise<{ readonly result: T; readonly isDone: boolean }>,
): Promise<T> {
  const { messageId, words, screening } = heard;
  let raised: RaisedAlert | null = null;
  const result = await inTransaction(deps.crisisKnex, context, async (trx, audit) => {
    raised = null;
    const { result, isDone } = await work(trx, audit);
    if (!isDone || screening.severity === null) return result;
    const report = { ...triggerOf(heard, screening), messageId, words };
    raised = await recordReport(deps.cipher, trx, audit, report);
    return result;
  });
  // It is on record, so that the sender need not wait for it to start.
  if (raised !== null) void startAlert(deps, raised);
  return result;
}

/** What came of a cry for help: its alert, or null where help could not be called. */
export interface Alarmed {
  readonly alertId: string | null;
}

/** As {@link raiseAlarm}, for a body that could not even be read as a message. Null where it is no cry. */
export async function alarmForBody(
  deps: IntakeDeps,
  principal: Principal,
  body: unknown,
  requestId: string,
  source: TriggerSource = 'message',
): Promise<Alarmed | null> {
  const screening = screenWords(body);
  if (screening.severity === null) return null;
  const words = asWritten(body);
  const heard = { principal, screening, words, sessionId: null, source };
  return { alertId: await raiseAlarm(deps, heard, requestId) };
}

/**
 * Calls help for somebody whose message was refused, or could not be stored. Never throws: what
 * the sender hears is why the message was refused. Gives the alert's id, if there is one.
 */
export async function raiseAlarm(
  deps: IntakeDeps,
  heard: Heard,
  requestId: string,
): Promise<string | null> {
  const { principal, words, screening } = heard;
  if (screening.severity === null) return null;
  try {
    const clinicId = knownClinic(principal);
    const report = { ...triggerOf(heard, screening), clinicId, messageId: null, words };
    const { alertId } = await raiseAlert(deps, report, { principal, requestId });
    return alertId;
  } catch (error) {
    deps.log.fatal({ requestId, error: safely(error) }, 'help could not be called for a message');
    return null;
  }
}

type Trigger = Omit<NewTrigger, 'messageId' | 'details'>;

function triggerOf(
  { principal, sessionId, source = 'message' }: Heard,
  { severity, type }: Alarming,
): Trigger {
  const { personId, clinicId } = principal;
  return {
    clinicId,
    personId,
    severity,
    type,
    source,
    sessionId,
    reportedBy: personId,
  };
}
