import { HoldfastError } from '../../../domain/errors.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import { emergencyContacts, immediateResources } from '../../crisis/present-help.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { type Completed, completeScreening } from '../../screening/complete-response.ts';
import type { AnswerBody } from '../../screening/read-answer.ts';
import { type StartWish, startResponse } from '../../screening/start-response.ts';
import { submitAnswer } from '../../screening/submit-answer.ts';
import { inBothShapes, iso } from '../dialect.ts';
import { progressOf, questionnaireShapes, resultShapes } from './present.ts';

/** POST /api/responses/start */
export async function startResponseSession(call: Call<StartWish>): Promise<Answer> {
  const { questionnaireId, questionnaireType } = call.body;
  if (questionnaireId === undefined && questionnaireType === undefined) {
    const fields = [{ field: 'questionnaireType', message: 'must be given, or questionnaireId' }];
    throw new HoldfastError('malformed_request', 'Which questionnaire?', { fields });
  }
  const { questionnaire, response, isNew } = await startResponse(call, call.body);
  const common = {
    sessionId: response.id,
    questionnaireId: questionnaire.id,
    questionnaireType: questionnaire.type,
    isResumed: !isNew,
    startedAt: iso(response.startedAt),
    expiresAt: iso(response.expiresAt),
    progress: progressOf(questionnaire, response),
  };
  const { a, b } = questionnaireShapes(questionnaire);
  const message = isNew ? 'Response session started' : 'Response session resumed';
  return inBothShapes(201, {
    message,
    a: { ...common, questionnaire: a },
    b: { ...common, questionnaire: b },
  });
}

/** POST /api/responses/submit-answer */
export async function submitResponseAnswer(call: Call<AnswerBody>): Promise<Answer> {
  const submitted = await submitAnswer(call, call.body);
  const { questionnaire, response, number, isReplaced, raised } = submitted;
  const common = {
    sessionId: response.id,
    questionNumber: number,
    isReplaced,
    progress: progressOf(questionnaire, response),
    ...(raised === null ? {} : await helpFor(call, raised.alertId)),
  };
  const message = isReplaced ? 'Answer replaced' : 'Answer recorded';
  return inBothShapes(200, { message, a: common, b: common });
}

/** POST /api/responses/complete */
export async function completeResponseSession(
  call: Call<{ readonly sessionId: string }>,
): Promise<Answer> {
  const completed = await completeScreening(call, call.body.sessionId);
  const { a, b } = resultShapes(shownOf(completed));
  const { raised, response } = completed;
  const rest = {
    sessionId: response.id,
    ...(raised === null ? {} : await helpFor(call, raised.alertId)),
  };
  return inBothShapes(200, {
    message: 'Questionnaire completed',
    a: { ...a, ...rest, result: a },
    b: { ...rest, result: b },
  });
}

function shownOf({ id, questionnaire, response, score, completedAt, raised }: Completed) {
  const { total, maximum, percentage, severity, methods, categories, flags } = score;
  return {
    total,
    maximum,
    percentage,
    severity,
    methods,
    categories,
    flags,
    id,
    responseId: response.id,
    personId: response.personId,
    questionnaireId: questionnaire.id,
    type: questionnaire.type,
    alertId: raised?.alertId ?? null,
    review: flags.length > 0 ? ('awaited' as const) : ('none' as const),
    decision: null,
    reviewedBy: null,
    reviewedAt: null,
    completedAt,
  };
}

/** Whoever has just said something alarming sees at once whom to call, and that somebody comes. */
async function helpFor(call: Call, alertId: string): Promise<Record<string, unknown>> {
  const lines = await helpLines(call.deps, call.principal.clinicId);
  return {
    alertCreated: alertId,
    emergencyContacts: emergencyContacts(lines),
    resources: immediateResources(lines),
  };
}
