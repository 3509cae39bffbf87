import type { Knex } from 'knex';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { findQuestionnaire } from '../../db/questionnaires.ts';
import type { Questionnaire } from '../../db/questionnaires.ts';
import { hasOpenAlert } from '../../db/screening-danger.ts';
import { lockResponse, writeAnswers } from '../../db/screening-responses.ts';
import type { ScreeningResponse } from '../../db/screening-responses.ts';
import { draftOf } from '../../db/screening-results.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { dangerOf, missingNumbers, newDangerOf, scoreOf } from '../../domain/screening/score.ts';
import type { QuestionnaireTemplate } from '../../domain/screening/template.ts';
import type { Screening } from '../../domain/triage/screen.ts';
import { auditContext } from '../access/audit-context.ts';
import { afterAnswering } from '../background.ts';
import { raiseAlarm } from '../crisis/alarm.ts';
import { withHelpLines } from '../crisis/help-lines.ts';
import { recordReport, startAlert } from '../crisis/intake.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { Call } from '../http/handler.ts';
import { type GivenAnswers, chosenValues, openAnswers, sealAnswers } from './answers.ts';
import { heardLate } from './late-answer.ts';
import { assertAnswerable } from './open-response.ts';
import { type AnswerBody, answerIn, isOwnLabel, sessionIdIn } from './read-answer.ts';
import { ANSWER_SOURCE, type AlarmingAnswer, reportOfAnswer, wordsOf } from './report-answer.ts';

export interface Submitted {
  readonly questionnaire: Questionnaire;
  readonly response: ScreeningResponse;
  readonly number: number;
  /** An answer to the same question stood there before. */
  readonly isReplaced: boolean;
  /** The alert that the answer raised, by its words or by itself. */
  readonly raised: RaisedAlert | null;
}

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
    if (screening.severity === null) throw await heardLate(call, body, error);
    const words = wordsOf(body);
    const heard = { principal, screening, words, sessionId: null, source: ANSWER_SOURCE };
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
  const id = sessionIdIn(body);
  const response = assertAnswerable(call, id === null ? null : await lockResponse(trx, id));
  const questionnaire = (await findQuestionnaire(trx, response.questionnaireId))!;
  const { template } = questionnaire;
  const { number, answer } = answerIn(template, body);
  const before = await openAnswers(call.deps.cipher, trx, response);
  const answers = new Map(before).set(number, answer);
  const change = { before: chosenValues(before), after: chosenValues(answers) };
  const newDanger = newDangerOf(template, number, change);
  const danger = await dangerAtOnce(trx, response.personId, newDanger);
  const answered = await write(call, { trx, response, template, answers, newDanger, danger });
  const isReplaced = before.has(number);
  audit({
    action: 'screening_response.answer',
    objectType: 'screening_response',
    objectId: response.id,
    subjectId: response.personId,
    changes: { question: number, isReplaced },
  });
  const typed = isOwnLabel(template, number, body) ? { ...body, selectedText: null } : body;
  const heard = typed === body ? screening : screenWords(typed);
  const alarming = { questionnaire, number, body: typed, screening: heard, danger };
  const raised = await raise(call, alarming, { trx, audit });
  return { questionnaire, response: { ...response, answered }, number, isReplaced, raised };
}

interface Change {
  readonly trx: Knex.Transaction;
  readonly response: ScreeningResponse;
  readonly template: QuestionnaireTemplate;
  readonly answers: GivenAnswers;
  readonly newDanger: AlertSeverity | null;
  /** For which a human is called now. */
  readonly danger: AlertSeverity | null;
}

/** Gives the numbers of the questions that have an answer by now. */
async function write(
  { deps }: Call,
  { trx, response, template, answers, newDanger, danger }: Change,
): Promise<number[]> {
  const answered = [...answers.keys()].toSorted((a, b) => a - b);
  const values = chosenValues(answers);
  const isWhole = missingNumbers(template, answers).length === 0;
  await writeAnswers(trx, response.id, {
    answers: await sealAnswers(deps.cipher, trx, response.id, answers),
    answered,
    danger: dangerOf(template, values),
    dangerIs: danger !== null ? 'called_for' : newDanger !== null ? 'new' : 'known',
    draft: isWhole ? draftOf(scoreOf(template, values)) : null,
  });
  return answered;
}

/**
 * An answer as grave as this calls a human when it is given. Whoever has given another may be about
 * to change it: they have until they complete the questionnaire, or put it down.
 */
const AT_ONCE: AlertSeverity = 'critical';

/** Null also where a human has been called for as much, and has not yet ended it. */
async function dangerAtOnce(
  trx: Knex.Transaction,
  personId: string,
  newDanger: AlertSeverity | null,
): Promise<AlertSeverity | null> {
  if (newDanger !== AT_ONCE) return null;
  return (await hasOpenAlert(trx, personId, AT_ONCE)) ? null : AT_ONCE;
}

async function raise(
  call: Call,
  answer: AlarmingAnswer,
  { trx, audit }: Writing,
): Promise<RaisedAlert | null> {
  const report = reportOfAnswer(call.principal, answer);
  return report === null ? null : recordReport(call.deps.cipher, trx, audit, report);
}
