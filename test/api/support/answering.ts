import type { TestApi, TestPerson } from '../../support/api.ts';

/** Begins to answer a questionnaire; the id of the response session. */
export async function startScreening(
  api: TestApi,
  { token }: TestPerson,
  questionnaireType: string,
): Promise<string> {
  const body = { questionnaireType };
  const reply = await api.call<{ sessionId: string }>('POST', '/api/responses/start', body, {
    token,
  });
  return reply.body.sessionId;
}

/** Answers the questions one after another. */
export async function answerAll(
  api: TestApi,
  { token }: TestPerson,
  sessionId: string,
  values: readonly number[],
): Promise<void> {
  for (const [at, selectedValue] of values.entries()) {
    const answer = { sessionId, questionNumber: at + 1, selectedValue };
    const reply = await api.call('POST', '/api/responses/submit-answer', answer, { token });
    if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
  }
}
