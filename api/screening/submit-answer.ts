import type { Knex } from 'knex';
import type { NewTrigger, RaisedAlert, TriggerSource } from '../../db/crisis-intake.ts';
import { findQuestionnaire } from '../../db/questionnaires.ts';
import type { Questionnaire } from '../../db/questionnaires.ts';
import { lockResponse, writeAnswers } from '../../db/screening-responses.ts';
import type { ScreeningResponse } from '../../db/screening-responses.ts';
import { draftOf } from '../../db/screening-results.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import { dangerOf, missingNumbers, newDangerOf, scoreOf } from '../../domain/screening/score.ts';
import type { Alarming, Screening } from '../../domain/triage/screen.ts';
import { auditContext } from '../access/audit-context.ts';
import { afterAnswering } from '../background.ts';
import { raiseAlarm } from '../crisis/alarm.ts';
import { asWritten } from '../crisis/as-written.ts';
import { withHelpLines } from '../crisis/help-lines.ts';
import { recordReport, startAlert } from '../crisis/intake.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { Call } from '../http/handler.ts';
import { chosenValues, openAnswers, sealAnswers } from './answers.ts';
import { assertAnswerable } from './open-response.ts';
import { type AnswerBody, answerIn, isOwnLabel, sessionIdIn } from './read-answer.ts';

export interface Submitted {
  readonly questionnaire: Questionnaire;
  readonly response: ScreeningResponse;
  readonly number: number;
  /** An answer to the same question stood there before. */
  readonly isReplaced: boolean;
  /** The alert that the answer's words raised. */
  readonly raised: RaisedAlert | null;
}

const SOURCE: TriggerSource = 'screening';

/**
 * Takes an answer, in place of an earlier one to the same question. The detector reads all words
 * of it first: an answer that is refused still calls help.
 */
export async function submitAnswer(call: Call, body: AnswerBody): Promise<Submitted> {
  const { deps, principal, requestId } = call;
  const screening = screenWords(body);
  let submitted: Submitted;
  try {
    const context = auditContext(principal, requestId);
    submitted = await inTransaction(deps.knex, context, (trx, audit) =>
      store(call, body, screening, { trx, audit }),
    );
  } catch (error) {
    if (screening.severity === null) throw error;
    const heard = { principal, screening, words: wordsOf(body), sessionId: null, source: SOURCE };
    const alertId = await raiseAlarm(deps, heard, requestId);
    throw await withHelpLines(deps, principal, error, alertId);
  }
  const { raised } = submitted;
  if (raised !== null) afterAnswering(deps.log, 'an alert', () => startAlert(deps, raised));
  return submitted;
}

interface Writing {
  readonly trx: Knex.Transaction;
  readonly audit: RecordAudit;
}

async function store(
  call: Call,
  body: AnswerBody,
  screening: Screening,
  { trx, audit }: Writing,
): Promise<Submitted> {
  const { cipher } = call.deps;
  const id = sessionIdIn(body);
  const response = assertAnswerable(call, id === null ? null : await lockResponse(trx, id));
  const questionnaire = (await findQuestionnaire(trx, response.questionnaireId))!;
  const { template } = questionnaire;
  const { number, answer } = answerIn(template, body);
  const before = await openAnswers(cipher, trx, response);
  const answers = new Map(before).set(number, answer);
  const answered = [...answers.keys()].toSorted((a, b) => a - b);
  const values = chosenValues(answers);
  const newDanger = newDangerOf(template, number, { before: chosenValues(before), after: values });
  const isWhole = missingNumbers(template, answers).length === 0;
  await writeAnswers(trx, response.id, {
    answers: await sealAnswers(cipher, trx, response.id, answers),
    answered,
    danger: dangerOf(template, values),
    isNewDanger: newDanger !== null,
    draft: isWhole ? draftOf(scoreOf(template, values)) : null,
  });
  audit({
    action: 'screening_response.answer',
    objectType: 'screening_response',
    objectId: response.id,
    subjectId: response.personId,
    changes: { question: number, isReplaced: before.has(number) },
  });
  const typed = isOwnLabel(template, number, body) ? { ...body, selectedText: null } : body;
  const heard = typed === body ? screening : screenWords(typed);
  const raised = await record(call, heard, typed, { trx, audit });
  const isReplaced = before.has(number);
  return { questionnaire, response: { ...response, answered }, number, isReplaced, raised };
}

async function record(
  call: Call,
  screening: Screening,
  body: AnswerBody,
  { trx, audit }: Writing,
): Promise<RaisedAlert | null> {
  if (screening.severity === null) return null;
  const report = { ...triggerOf(call, screening), words: wordsOf(body) };
  return recordReport(call.deps.cipher, trx, audit, report);
}

function triggerOf({ principal }: Call, { severity, type }: Alarming): Omit<NewTrigger, 'details'> {
  return {
    clinicId: principal.clinicId,
    personId: principal.personId,
    severity,
    type,
    source: SOURCE,
    sessionId: null,
    messageId: null,
    reportedBy: principal.personId,
  };
}

/** The answer's own words, and all that came with them where those say nothing of a crisis. */
function wordsOf(body: AnswerBody): string {
  const { selectedText: text } = body;
  return typeof text === 'string' && screenWords(text).severity !== null ? text : asWritten(body);
}
