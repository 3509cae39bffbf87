import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { KnownContext } from '../../activities/crisis/contract.ts';
import { sendFirstPages } from '../../activities/crisis/first-pages.ts';
import { knownFor, readKnownContext } from '../../activities/crisis/known-context.ts';
import {
  type AlertCall,
  callOf,
  deliverRaise,
  startWithoutWorker,
} from '../../activities/crisis/starting.ts';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { triggerTextRef } from '../../db/crisis-carrying.ts';
import { recordTrigger } from '../../db/crisis-intake.ts';
import type { NewTrigger, RaisedAlert, SealDetails } from '../../db/crisis-intake.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Principal } from '../access/principal.ts';
import { afterAnswering } from '../background.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';

export type IntakeDeps = Pick<
  ApiDeps,
  'crisisKnex' | 'temporal' | 'cipher' | 'keyRing' | 'sms' | 'http' | 'log'
>;

/** A caller waits so long for the workflow; the outbox makes good what it misses, ms. */
const START_TIMEOUT_MS = 2_000;

/** Seals what a report says, within the transaction that records it. */
function sealingReport(cipher: FieldCipher, trx: Knex, words: string): SealDetails {
  return (place) => cipher.sealField(trx, triggerTextRef(place), words);
}

/** What is reported, with its words in clear. */
export type ReportedTrigger = Omit<NewTrigger, 'details'> & { readonly words: string | null };

/** Puts a report on record in the caller's transaction, its words sealed, with its audit row. */
export async function recordReport(
  cipher: FieldCipher,
  trx: Knex.Transaction,
  audit: RecordAudit,
  { words, ...trigger }: ReportedTrigger,
): Promise<RaisedAlert> {
  const details = words === null ? null : sealingReport(cipher, trx, words);
  const raised = await recordTrigger(trx, { ...trigger, details });
  audit({
    action: raised.isNew ? 'alert.raise' : 'alert.raise_again',
    objectType: 'alert',
    objectId: raised.alertId,
    subjectId: trigger.personId,
    changes: { source: trigger.source, severity: trigger.severity },
  });
  return raised;
}

/** Whoever needs help does not wait longer for who is on call: the workflow looks itself then, ms. */
const LOOK_TIMEOUT_MS = 500;

/** Whom somebody's alert can page; null when that takes too long to find out. Never rejects. */
function whomToPage(
  { crisisKnex }: IntakeDeps,
  clinicId: string,
  personId: string,
): Promise<KnownContext | null> {
  const known = readKnownContext(crisisKnex, clinicId)
    .then((everybody) => knownFor(everybody, personId))
    .catch(() => null);
  return Promise.race([known, sleep(LOOK_TIMEOUT_MS, null, { ref: false })]);
}

/** Nobody waits for them: what fails here is the workflow's. */
function pageFirst(deps: IntakeDeps, raised: RaisedAlert, known: KnownContext): void {
  const { crisisKnex: knex, keyRing, sms, http, log } = deps;
  const { publicUrl } = http;
  afterAnswering(log, 'a first page', () =>
    sendFirstPages({ knex, keyRing, sms, publicUrl }, raised, known),
  );
}

/** Pages for an alert that is on record and starts, or informs, its workflow. Never throws. */
export async function startAlert(
  deps: IntakeDeps,
  raised: RaisedAlert,
  known = raised.isNew ? whomToPage(deps, raised.clinicId, raised.personId) : null,
): Promise<void> {
  try {
    const whom = raised.isNew ? await known : null;
    if (whom !== null) pageFirst(deps, raised, whom);
    const call = callOf(raised, whom);
    await deliverRaise(deps.temporal, call, START_TIMEOUT_MS);
  } catch (error) {
    const { alertId } = raised;
    deps.log.warn({ alertId, error: safely(error) }, 'an alert starts through the outbox');
  }
}

/** A report that came by itself. The clinic is null where only PostgreSQL could tell. */
export interface Report extends Omit<NewTrigger, 'clinicId' | 'details'> {
  readonly clinicId: string | null;
  /** Sealed at rest; lost, words alone, when PostgreSQL is down. */
  readonly words: string | null;
}

export interface Reporter {
  readonly principal: Principal | null;
  readonly requestId: string;
}

/** What a report came to. Without PostgreSQL there is no number yet. */
export interface Raised extends Omit<RaisedAlert, 'number' | 'clinicId'> {
  readonly number: string | null;
  readonly clinicId: string | null;
}

/**
 * Takes a report in a transaction of its own and starts the workflow. With PostgreSQL down the
 * workflow starts directly and writes itself down later; with Temporal down the record stands and
 * the outbox starts it later. Throws `dependency_unavailable` only when both are down.
 */
export async function raiseAlert(
  deps: IntakeDeps,
  report: Report,
  reporter: Reporter,
): Promise<Raised> {
  let raised: RaisedAlert;
  const { clinicId, personId } = report;
  const known = clinicId === null ? null : whomToPage(deps, clinicId, personId);
  try {
    raised = await record(deps, report, reporter);
  } catch (error) {
    if (errorCodeOf(error) !== 'dependency_unavailable' && report.clinicId !== null) {
      deps.log.error({ error: safely(error) }, 'a report could not be recorded');
    }
    return raiseWithoutRecord(deps, report);
  }
  await startAlert(deps, raised, known);
  return raised;
}

async function record(
  deps: IntakeDeps,
  report: Report,
  { principal, requestId }: Reporter,
): Promise<RaisedAlert> {
  const { clinicId } = report;
  if (clinicId === null) throw new HoldfastError('dependency_unavailable', 'The clinic is unknown');
  const context = auditContext(principal, requestId);
  return inTransaction(deps.crisisKnex, context, (trx, audit) =>
    recordReport(deps.cipher, trx, audit, { ...report, clinicId }),
  );
}

async function raiseWithoutRecord(deps: IntakeDeps, report: Report): Promise<Raised> {
  const { clinicId, personId, severity, type, source, sessionId, messageId, reportedBy } = report;
  const place = { alertId: report.alertId ?? newId(), triggerId: report.triggerId ?? newId() };
  const isDrill = source === 'drill';
  const alert = { ...place, clinicId, personId, number: null, isDrill, severity, sessionId };
  const unrecorded = { type, source, messageId, reportedBy, raisedAtMs: Date.now() };
  const call: AlertCall = { ...alert, unrecorded };
  try {
    await deliverRaise(deps.temporal, call, START_TIMEOUT_MS).catch(() =>
      startWithoutWorker(deps.temporal, call, START_TIMEOUT_MS),
    );
  } catch (error) {
    deps.log.fatal({ error: safely(error) }, 'a report was neither recorded nor started');
    const message = 'Help could not be called from here. Please call your local emergency number.';
    throw new HoldfastError('dependency_unavailable', message, { retryAfterSeconds: 1 }, error);
  }
  deps.log.warn({ alertId: place.alertId }, 'an alert runs without a record');
  return { ...alert, type, isNew: true };
}
