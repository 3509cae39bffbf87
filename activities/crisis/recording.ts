import { findClinicOf } from '../../db/crisis-knowledge.ts';
import { recordTrigger } from '../../db/crisis-intake.ts';
import type { RaisedAlert, TriggerSource } from '../../db/crisis-intake.ts';
import { insertSentPages } from '../../db/crisis-pages.ts';
import { type AlertRow, findAlert, lockAlert, writeStep } from '../../db/crisis-record.ts';
import { untilWon } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type {
  AlertBeginning,
  AlertRecord,
  BeginAlert,
  LateAlert,
  LateOutcome,
  RecordOutcome,
} from './contract.ts';
import type { CrisisDeps } from './deps.ts';
import { knownFor } from './known-context.ts';
import { codeDigest, codeOf } from './page-codes.ts';

type RecordDeps = Pick<CrisisDeps, 'knex' | 'keyRing' | 'knowledge'>;

/** Who can be paged, and how the alert stands. Throws only when nothing was ever known. */
export async function beginAlert(
  { knex, knowledge }: RecordDeps,
  { alertId, clinicId: given, personId }: BeginAlert,
): Promise<AlertBeginning> {
  const asked = knowledge.ask(() => findAlert(knex, alertId));
  const clinicId =
    given ?? (await knowledge.ask(() => findClinicOf(knex, personId))) ?? knowledge.onlyClinic();
  if (clinicId === null) {
    throw new HoldfastError('dependency_unavailable', 'The clinic is not known yet');
  }
  const [known, row] = await Promise.all([knowledge.contextOf(clinicId), asked]);
  return {
    clinicId,
    known: knownFor(known, personId),
    record: row === null ? null : recordOf(row),
  };
}

function recordOf({ number, version, state, severity }: AlertRow): AlertBeginning['record'] {
  return { number, version, state, severity };
}

/**
 * Writes a step of an alert's course, unless somebody has written without the workflow: what they
 * were told stands, and the workflow goes on from there.
 */
export async function recordAlert(deps: RecordDeps, step: AlertRecord): Promise<RecordOutcome> {
  const pages = await Promise.all(
    step.pages.map(async (page) => {
      const ref = { ...page, alertId: step.alertId, sentBy: 'workflow' } as const;
      const code = page.channel === 'sms' ? await codeOf(deps.keyRing, ref) : null;
      const codeHash = code === null ? null : await codeDigest(deps.keyRing, page.personId, code);
      return { ...ref, codeHash };
    }),
  );
  return untilWon(() =>
    deps.knex.transaction(async (trx): Promise<RecordOutcome> => {
      const alert = await lockAlert(trx, step.alertId);
      if (alert === null) throw new HoldfastError('dependency_unavailable', 'It is not there yet');
      const { version, writtenBy, state } = alert;
      if (version === step.version && writtenBy === step.mark) return { kind: 'recorded' };
      if (version !== step.base) {
        if (state === null) throw new HoldfastError('internal', 'A step without a state');
        return { kind: 'conflict', version, state };
      }
      await writeStep(trx, alert, { ...step, lines: step.news });
      await insertSentPages(trx, pages);
      return { kind: 'recorded' };
    }),
  );
}

/** Writes down what was reported without PostgreSQL, into the alert that the person has open if any. */
export async function recordLate(deps: RecordDeps, late: LateAlert): Promise<LateOutcome> {
  const { alertId, clinicId, personId, isDrill, reports } = late;
  return untilWon(() =>
    deps.knex.transaction(async (trx) => {
      let raised: RaisedAlert | null = null;
      for (const { triggerId, severity, sessionId, unrecorded } of reports) {
        const { type, source, messageId, reportedBy } = unrecorded;
        raised = await recordTrigger(trx, {
          alertId,
          triggerId,
          clinicId,
          personId,
          severity,
          type,
          source: isDrill ? 'drill' : (source as TriggerSource),
          sessionId,
          messageId,
          reportedBy,
          details: null,
        });
      }
      if (raised === null) throw new HoldfastError('internal', 'Nothing was reported');
      return { alertId: raised.alertId, number: raised.number };
    }),
  );
}
