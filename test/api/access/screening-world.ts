import { v7 as newId } from 'uuid';
import type { TestApi, TestPerson } from '../../support/api.ts';

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

/** What a client is asked to do before a session; its id. */
export async function insertPreparation(
  api: TestApi,
  of: { readonly client: TestPerson; readonly therapist: TestPerson; readonly sessionId: string },
  kind: 'questionnaire' | 'material',
): Promise<string> {
  const id = newId();
  const materialId = kind === 'material' ? newId() : null;
  const common = { clinic_id: api.clinicId, title: 't' };
  if (materialId !== null) {
    const row = { ...common, id: materialId, type: 'article', content: 'c' };
    await api.knex('materials').insert({ ...row, created_by: of.therapist.id });
  }
  await api.knex('session_preparations').insert({
    ...common,
    id,
    session_id: of.sessionId,
    person_id: of.client.id,
    purpose: 'preparation',
    questionnaire_type: materialId === null ? 'GAD-7' : null,
    material_id: materialId,
    due_offset_ms: 3_600_000,
  });
  return id;
}
