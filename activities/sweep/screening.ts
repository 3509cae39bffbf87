import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { expireResponses, forgottenDangers, raiseUnfinished } from '../../db/screening-danger.ts';
import { inTransaction } from '../../db/transaction.ts';

export interface ScreeningReport {
  readonly dangersRaised: number;
  /** For which nobody could be called; the next run finds them again. */
  readonly dangersLeft: number;
  readonly responsesExpired: number;
}

/** Somebody who could not be helped in this run, and why. */
export interface DangerFault {
  readonly responseId: string;
  readonly error: unknown;
}

/**
 * Questionnaires that somebody has put down. That a response's time is up is no event that could be
 * missed: every statement about it compares `expires_at` with the database's clock, to the instant.
 * What is left to do is to write that down, and to call a human for an answer of danger that nobody
 * completes. A timer in a workflow for each response would do it no more durably than this, which a
 * Schedule runs each minute and which finds whatever an earlier run has left, but would cost each
 * questionnaire a workflow: a start, a timer, an activity and a close.
 */
export async function sweepScreening(
  knex: Knex,
  onFault: (fault: DangerFault) => void = () => undefined,
): Promise<ScreeningReport> {
  let [dangersRaised, dangersLeft] = [0, 0];
  for (const responseId of await forgottenDangers(knex)) {
    try {
      if ((await raise(knex, responseId)) !== null) dangersRaised += 1;
    } catch (error) {
      // Whoever comes after this one may be in as great a danger.
      dangersLeft += 1;
      onFault({ responseId, error });
    }
  }
  return { dangersRaised, dangersLeft, responsesExpired: await expireResponses(knex) };
}

/** The outbox starts the alert's workflow, as it does after a crash. */
function raise(knex: Knex, id: string): Promise<RaisedAlert | null> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const raised = await raiseUnfinished(trx, id);
    if (raised === null) return null;
    audit({
      action: raised.isNew ? 'alert.raise' : 'alert.raise_again',
      objectType: 'alert',
      objectId: raised.alertId,
      subjectId: raised.personId,
      clinicId: raised.clinicId,
      changes: { source: 'screening', severity: raised.severity },
    });
    return raised;
  });
}
