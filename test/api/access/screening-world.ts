import type { TestApi } from '../../support/api.ts';

/** A response session with the same answer to every question; its id. */
export async function answerScreening(
  api: TestApi,
  token: string,
  selectedValue: number,
): Promise<string> {
  const begin = { questionnaireType: 'GAD-7' };
  const { body } = await api.call('POST', '/api/responses/start', begin, { token });
  const { sessionId } = body as { sessionId: string };
  for (let questionNumber = 1; questionNumber <= 7; questionNumber += 1) {
    const answer = { sessionId, questionNumber, selectedValue };
    await api.call('POST', '/api/responses/submit-answer', answer, { token });
  }
  return sessionId;
}

/** A result that is flagged for its total; its id. */
export async function insertFlagged(api: TestApi, token: string): Promise<string> {
  const sessionId = await answerScreening(api, token, 3);
  const path = '/api/responses/complete';
  const { body } = await api.call('POST', path, { sessionId }, { token });
  return (body as { data: { id: string } }).data.id;
}
