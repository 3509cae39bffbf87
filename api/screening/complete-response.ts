import { v7 as newId } from 'uuid';
import { toInsert } from '../../db/audit/entry.ts';
import type { AuditEntry } from '../../db/audit/entry.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { findQuestionnaire } from '../../db/questionnaires.ts';
import type { Questionnaire } from '../../db/questionnaires.ts';
import { SCREENING_ALERT_TYPE } from '../../db/screening-danger.ts';
import { responseToScore } from '../../db/screening-responses.ts';
import type { ResponseToScore } from '../../db/screening-responses.ts';
import { completeDraft, completeResponse } from '../../db/screening-results.ts';
import { inTransaction, untilWon } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { isUuid } from '../../domain/ids.ts';
import { type Score, missingNumbers, scoreOf } from '../../domain/screening/score.ts';
import { auditContext } from '../access/audit-context.ts';
import { afterAnswering } from '../background.ts';
import { recordReport, startAlert } from '../crisis/intake.ts';
import type { Call } from '../http/handler.ts';
import { chosenValues, openAnswers } from './answers.ts';
import { assertAnswerable } from './open-response.ts';

export interface Completed {
  readonly id: string;
  readonly questionnaire: Questionnaire;
  readonly response: Pick<ResponseToScore, 'id' | 'personId'>;
  readonly score: Score;
  readonly completedAt: Date;
  readonly raised: RaisedAlert | null;
}

/** So often is a response read anew whose answers were replaced while it was scored. */
const MAX_ATTEMPTS = 5;

/** Scores a response, once. What signals danger becomes an alert in the same transaction. */
export async function completeScreening(call: Call, sessionId: string): Promise<Completed> {
  const drafted = await completeByDraft(call, sessionId);
  if (drafted !== null) return drafted;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const completed = await attemptOnce(call, sessionId);
    if (completed !== null) return completed;
  }
  throw new HoldfastError('dependency_unavailable', 'The answers keep changing. Please try again.');
}

/**
 * One statement, where the answers came to nothing that somebody has to look at: no policy decides
 * about them, and no alert goes with them. Null for all others, also for those to be refused.
 */
async function completeByDraft(call: Call, sessionId: string): Promise<Completed | null> {
  const { deps, principal, requestId } = call;
  if (!isUuid(sessionId)) return null;
  const id = newId();
  const response = { id: sessionId, personId: principal.personId };
  const entry = completionOf(id, response.personId, { isFlagged: false, alertId: null });
  const audit = [toInsert(auditContext(principal, requestId), entry)];
  const ids = { id, responseId: sessionId, personId: response.personId };
  const completed = await untilWon(() => completeDraft(deps.knex, ids, audit));
  if (completed === null) return null;
  const { completedAt, draft: score, questionnaireId } = completed;
  const questionnaire = (await findQuestionnaire(deps.knex, questionnaireId))!;
  return { id, questionnaire, response, score, completedAt, raised: null };
}

/** Null where the response has changed since it was read. */
async function attemptOnce(call: Call, sessionId: string): Promise<Completed | null> {
  const { cipher, knex } = call.deps;
  const found = isUuid(sessionId) ? await responseToScore(knex, sessionId) : null;
  const response = assertAnswerable(call, found);
  const questionnaire = (await findQuestionnaire(knex, response.questionnaireId))!;
  const { template } = questionnaire;
  const missing = missingNumbers(template, new Set(response.answered));
  if (missing.length > 0) throw unanswered(missing);
  const answers = await openAnswers(cipher, knex, response);
  const score = scoreOf(template, chosenValues(answers), response.alertPolicy ?? {});
  const scored = { id: newId(), questionnaire, response, score };
  const written = await write(call, scored);
  return written === null ? null : { ...scored, ...written };
}

interface Scored extends Omit<Completed, 'completedAt' | 'raised'> {
  readonly response: ResponseToScore;
}
type Written = Pick<Completed, 'completedAt' | 'raised'>;

function write(call: Call, scored: Scored): Promise<Written | null> {
  const { alert } = scored.score;
  return alert === null ? writeAlone(call, scored) : writeWithAlert(call, scored, alert);
}

async function writeAlone(call: Call, scored: Scored): Promise<Written | null> {
  const { knex } = call.deps;
  const audit = [toInsert(auditContext(call.principal, call.requestId), entryOf(scored, null))];
  const completedAt = await untilWon(() => completeResponse(knex, newResult(scored, null), audit));
  return completedAt === null ? null : { completedAt, raised: null };
}

/** Both are on record, or neither; the workflow starts after the commit, or through the outbox. */
async function writeWithAlert(
  call: Call,
  scored: Scored,
  severity: AlertSeverity,
): Promise<Written | null> {
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  try {
    const written = await inTransaction(deps.crisisKnex, context, async (trx, audit) => {
      const raised = await recordReport(deps.cipher, trx, audit, {
        clinicId: scored.response.clinicId,
        personId: scored.response.personId,
        severity,
        type: SCREENING_ALERT_TYPE,
        source: 'screening',
        sessionId: null,
        messageId: null,
        reportedBy: null,
        words: reportOf(scored),
      });
      const completedAt = await completeResponse(trx, newResult(scored, raised.alertId));
      // The alert goes back with the transaction: whoever was faster has raised their own.
      if (completedAt === null) throw new Changed();
      audit(entryOf(scored, raised));
      return { completedAt, raised };
    });
    afterAnswering(deps.log, 'an alert', () => startAlert(deps, written.raised));
    return written;
  } catch (error) {
    if (error instanceof Changed) return null;
    throw error;
  }
}

class Changed extends Error {}

function newResult({ id, response, score }: Scored, alertId: string | null) {
  return { id, responseId: response.id, version: response.version, score, alertId };
}

function entryOf({ id, response, score }: Scored, raised: RaisedAlert | null): AuditEntry {
  const isFlagged = score.flags.length > 0;
  return completionOf(id, response.personId, { isFlagged, alertId: raised?.alertId ?? null });
}

function completionOf(
  objectId: string,
  subjectId: string,
  changes: { readonly isFlagged: boolean; readonly alertId: string | null },
): AuditEntry {
  const action = 'screening_response.complete';
  return { action, objectType: 'screening_result', objectId, subjectId, changes: { ...changes } };
}

/** What the crisis team reads in the alert. */
function reportOf({ questionnaire, score }: Scored): string {
  const { type, template } = questionnaire;
  const lines = score.flags.map(({ description }) => `- ${description}`);
  const total = `${template.title}: ${score.total} of ${score.maximum} (${score.severity})`;
  return [`Screening ${type}.`, total, ...lines].join('\n');
}

function unanswered(missing: readonly number[]): HoldfastError {
  return new HoldfastError('refused_by_rule', 'Some questions have no answer yet', {
    missingQuestions: missing,
    fields: missing.map((number) => ({
      field: `questions[${number}]`,
      message: 'must be answered',
    })),
  });
}
