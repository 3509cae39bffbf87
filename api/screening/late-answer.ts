import { findQuestionnaire } from '../../db/questionnaires.ts';
import { responseToScore } from '../../db/screening-responses.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import { newDangerOf } from '../../domain/screening/score.ts';
import { withHelpLines } from '../crisis/help-lines.ts';
import { raiseAlert } from '../crisis/intake.ts';
import type { ReportedTrigger } from '../crisis/intake.ts';
import { screenWords } from '../crisis/screen-words.ts';
import { safely } from '../http/error-handler.ts';
import type { Call } from '../http/handler.ts';
import { chosenValues, openAnswers } from './answers.ts';
import { type AnswerBody, answerIn, sessionIdIn } from './read-answer.ts';
import { reportOfAnswer } from './report-answer.ts';

/**
 * An answer that came when its response was over is not kept, so that nobody would ever see it: one of
 * danger calls a human now. Gives what is to be thrown, with the alert and whom to call.
 */
export async function heardLate(call: Call, body: AnswerBody, refusal: unknown): Promise<unknown> {
  if (errorCodeOf(refusal) !== 'wrong_state') return refusal;
  const { deps, principal, requestId } = call;
  try {
    const report = await reportOfLate(call, body);
    if (report === null) return refusal;
    const { alertId } = await raiseAlert(deps, report, { principal, requestId });
    return await withHelpLines(deps, principal, refusal, alertId);
  } catch (error) {
    if (errorCodeOf(error) === 'malformed_request') return refusal;
    deps.log.fatal({ requestId, error: safely(error) }, 'a late answer could not be looked at');
    return withHelpLines(deps, principal, refusal);
  }
}

async function reportOfLate(call: Call, body: AnswerBody): Promise<ReportedTrigger | null> {
  const { knex, cipher } = call.deps;
  const { principal } = call;
  const response = await responseToScore(knex, sessionIdIn(body)!);
  if (response === null) return null;
  const questionnaire = (await findQuestionnaire(knex, response.questionnaireId))!;
  const { template } = questionnaire;
  const { number, answer } = answerIn(template, body);
  const before = chosenValues(await openAnswers(cipher, knex, response));
  const after = chosenValues(new Map([[number, answer]]));
  const newDanger = newDangerOf(template, number, { before, after });
  const screening = screenWords(body);
  return reportOfAnswer(principal, { questionnaire, number, body, screening, danger: newDanger });
}
