import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { up as shipAnew } from '../../../db/migrations/0083-instruments-with-sources.ts';
import { SHIPPED } from '../../../domain/screening/instruments/index.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { answerAll, startScreening } from './answering.ts';

interface Shown {
  readonly id?: string;
  readonly _id?: string;
  readonly source: string;
  readonly version: number;
  readonly questions: readonly { readonly questionText: string }[];
  readonly totalScore: number;
  readonly severityLevel: string;
}

interface Body extends Record<string, unknown> {
  readonly data: Shown;
  readonly questionnaire: Shown;
  readonly result: Shown;
  readonly results: readonly Shown[];
  readonly trend: readonly object[];
  readonly details: readonly { readonly field: string }[];
}

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

const post = ({ token }: TestPerson, path: string, body: unknown): Promise<TestReply<Body>> =>
  api.call('POST', `/api/responses/${path}`, body, { token });

/** Answers a whole questionnaire and completes it. */
async function screen(person: TestPerson, type: string, values: readonly number[]) {
  const sessionId = await startScreening(api, person, type);
  await answerAll(api, person, sessionId, values);
  return post(person, 'complete', { sessionId });
}

const rows = (table: string, where: object) => api.knex(table).where(where);
const CALM = Array.from({ length: 9 }, () => 1).with(8, 0);

describe('questionnaires', () => {
  test.each(SHIPPED)('$type is there for everybody, in both shapes', async (shipped) => {
    const { token } = await api.person();
    const path = `/api/questionnaires/type/${shipped.type}`;
    const { status, body } = await api.call<Body>('GET', path, undefined, { token });
    expect(status).toBe(200);
    expect(body.questionnaire).toMatchObject({ type: shipped.type, version: 1 });
    expect(body.questionnaire['_id']).toBe(body.data.id);
    expect(body.questionnaire.questions).toHaveLength(shipped.items.length);
    expect(body.data.questions[0]).toMatchObject({ id: shipped.items[0]!.id, questionNumber: 1 });
    expect(body.questionnaire.source).not.toBe('');
  });

  test('a licensed clinic loads the wording of the GHQ, for itself alone', async () => {
    const clinicId = await api.clinic();
    const admin = await api.person({ role: 'admin', clinicId });
    const shipped = SHIPPED.find(({ type }) => type === 'GHQ-12')!;
    const items = shipped.items.map((item) => ({ ...item, text: `Licensed ${item.number}` }));
    const token = { token: admin.token };
    const made = await api.call<Body>('POST', '/api/questionnaires', { ...shipped, items }, token);
    expect([made.status, made.body.questionnaire?.version]).toEqual([201, 2]);
    const seenBy = async (person: TestPerson) => {
      const of = { token: person.token };
      const { body } = await api.call<Body>('GET', '/api/questionnaires/type/GHQ', undefined, of);
      return body.data.questions[0]?.questionText;
    };
    expect(await seenBy(await api.person({ clinicId }))).toBe('Licensed 1');
    expect(await seenBy(await api.person())).toBe('Question 1');
  });

  test('a faulty one is refused with every field and why', async () => {
    const { token } = await api.person({ role: 'admin' });
    const template = {
      type: 'OWN',
      title: 'Own',
      options: [
        { value: 0, text: 'No' },
        { value: 1, text: 'Yes' },
      ],
      items: [{ number: 1, id: 'a', text: 'Well?', kind: 'choice' }],
      bands: [{ min: 0, max: 2, label: 'any' }],
      flags: [{ code: 'x', description: 'x', alert: 'high', kind: 'item', atLeast: 1 }],
    };
    const refused = await api.call('POST', '/api/questionnaires', template, { token });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        error: 'REFUSED_BY_RULE',
        details: [
          { field: 'bands[0].max', message: 'must be 1, the highest total' },
          { field: 'flags[0].items', message: expect.stringContaining('must be given') },
        ],
      },
    });
  });

  test('no version is ever changed or removed', async () => {
    await expect(api.knex('questionnaires').update({ version: 9 })).rejects.toThrow('append-only');
    await expect(api.knex('questionnaires').delete()).rejects.toThrow('append-only');
  });

  test('who has begun goes on with the version that they have begun', async () => {
    const clinicId = await api.clinic();
    const [admin, person] = [
      await api.person({ role: 'admin', clinicId }),
      await api.person({ clinicId }),
    ];
    const sessionId = await startScreening(api, person, 'GAD-7');
    const gad = SHIPPED.find(({ type }) => type === 'GAD-7')!;
    const bands = [{ min: 0, max: 21, label: 'whatever' }];
    const other = { ...gad, bands };
    await api.call('POST', '/api/questionnaires', other, { token: admin.token });
    await answerAll(
      api,
      person,
      sessionId,
      gad.items.map(() => 1),
    );
    expect(await startScreening(api, person, 'GAD-7')).toBe(sessionId);
    const { body } = await post(person, 'complete', { sessionId });
    expect(body.result.severityLevel).toBe('mild');
    const next = await startScreening(api, person, 'GAD-7');
    await answerAll(
      api,
      person,
      next,
      gad.items.map(() => 1),
    );
    const anew = await post(person, 'complete', { sessionId: next });
    expect(anew.body.result.severityLevel).toBe('whatever');
  });

  test('what is shipped in another form becomes the next version, and nothing else does', async () => {
    const back = new Error('back');
    const attempt = api.knex.transaction(async (trx) => {
      await trx.raw('ALTER TABLE questionnaires DISABLE TRIGGER append_only');
      const old = JSON.stringify({ source: 'Earlier' });
      await trx.raw(
        "UPDATE questionnaires SET template = template || ?::jsonb WHERE type = 'GHQ-28'",
        [old],
      );
      await shipAnew(trx);
      await shipAnew(trx);
      const shipped = await trx('questionnaires')
        .whereNull('clinic_id')
        .orderBy(['type', 'version']);
      const versions = shipped.map(({ type, version }) => `${type} ${version}`);
      expect(versions).toEqual(['GAD-7 1', 'GHQ-12 1', 'GHQ-28 1', 'GHQ-28 2', 'PHQ-9 1']);
      expect(shipped.map(({ template }) => template.source === 'Earlier')).toEqual(
        versions.map((version) => version === 'GHQ-28 1'),
      );
      throw back;
    });
    await expect(attempt).rejects.toBe(back);
  });
});

describe('answering', () => {
  test('is gone on with where it was left, and an answer replaces the one before', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await post(person, 'submit-answer', { sessionId, questionNumber: 2, selectedValue: 3 });
    const again = { sessionId, questionNumber: 2, selectedValue: 1 };
    const replaced = await post(person, 'submit-answer', again);
    expect(replaced.body).toMatchObject({
      isReplaced: true,
      progress: { answered: 1, total: 9, nextQuestion: 1, isComplete: false },
    });
    const resumed = await post(person, 'start', { questionnaireType: 'PHQ-9' });
    expect(resumed.status).toBe(201);
    expect(resumed.body).toMatchObject({
      sessionId,
      isResumed: true,
      data: { sessionId, progress: { answeredQuestions: [2] } },
    });
    const early = await post(person, 'complete', { sessionId });
    expect([early.status, early.body['missingQuestions']]).toEqual([422, [1, 3, 4, 5, 6, 7, 8, 9]]);
    await answerAll(api, person, sessionId, CALM);
    const done = await post(person, 'complete', { sessionId });
    expect(done.body).toMatchObject({
      result: { totalScore: 8, percentageScore: 29.63, severityLevel: 'mild', riskFlags: [] },
      data: { totalScore: 8, categoryScores: { somatic: { score: 3, maximum: 9 } } },
    });
    expect(done.body['alertCreated']).toBeUndefined();
  });

  test.each([
    [{ questionNumber: 10, selectedValue: 1 }, 'questionNumber'],
    [{ questionNumber: 1, selectedValue: 4 }, 'selectedValue'],
    [{ questionNumber: 1, selectedValue: '1' }, 'selectedValue'],
    [{ questionNumber: 1, questionId: 'phq-9-2', selectedValue: 1 }, 'questionId'],
    [{ selectedValue: 1 }, 'questionNumber'],
  ])('%j is refused by its field', async (answer, field) => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    const { status, body } = await post(person, 'submit-answer', { sessionId, ...answer });
    expect([status, body.details[0]?.field]).toEqual([400, field]);
  });

  test('leaves nothing of the answers in clear', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    const selectedText = 'Only on Mondays';
    const answer = { sessionId, questionNumber: 1, selectedValue: 2, selectedText };
    await post(person, 'submit-answer', answer);
    const [row] = await rows('screening_responses', { id: sessionId });
    expect(row.answers.toString('latin1')).not.toMatch(/value|Monday/);
  });

  test('ends when its time is up, to the instant and without anybody sweeping', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'GAD-7');
    await rows('screening_responses', { id: sessionId }).update({ expires_at: new Date() });
    const late = { sessionId, questionNumber: 1, selectedValue: 1 };
    expect(await post(person, 'submit-answer', late)).toMatchObject({
      status: 409,
      body: { sessionStatus: 'expired' },
    });
    expect((await post(person, 'complete', { sessionId })).status).toBe(409);
    expect(await startScreening(api, person, 'GAD-7')).not.toBe(sessionId);
  });

  test('of twenty who complete at once one does, and one result stands', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answerAll(api, person, sessionId, [2, 2, 2, 2, 2, 2, 2, 2, 2]);
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => post(person, 'complete', { sessionId })),
    );
    const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
    expect(await rows('screening_results', { response_id: sessionId })).toHaveLength(1);
    const alerts = await rows('crisis_alerts', { person_id: person.id });
    expect(alerts).toHaveLength(1);
    expect(await rows('crisis_triggers', { alert_id: alerts[0].id })).toHaveLength(1);
  });

  test('of twenty who complete a harmless one at once one does, and one result stands', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answerAll(api, person, sessionId, CALM);
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => post(person, 'complete', { sessionId })),
    );
    const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
    const [result, ...others] = await rows('screening_results', { response_id: sessionId });
    expect([result.total, result.is_flagged, result.review, others]).toEqual([
      8,
      false,
      'none',
      [],
    ]);
    const audited = { action: 'screening_response.complete', object_id: result.id };
    expect(await rows('audit_entries', audited)).toHaveLength(1);
    const [response] = await rows('screening_responses', { id: sessionId });
    expect([response.status, response.draft]).toEqual(['completed', null]);
  });

  test('is drafted only while it is whole and harmless, and nobody else completes it', async () => {
    const [person, other] = [await api.person(), await api.person()];
    const sessionId = await startScreening(api, person, 'PHQ-9');
    const draft = async () => (await rows('screening_responses', { id: sessionId }))[0].draft;
    const answer = (selectedValue: number) =>
      post(person, 'submit-answer', { sessionId, questionNumber: 9, selectedValue });
    await answerAll(api, person, sessionId, CALM.slice(0, 8));
    expect(await draft()).toBeNull();
    await answer(0);
    expect(await draft()).toMatchObject({ total: 8, severity: 'mild', flags: [] });
    expect((await post(other, 'complete', { sessionId })).status).toBe(404);
    await answer(1);
    expect(await draft()).toBeNull();
    const { body } = await post(person, 'complete', { sessionId });
    expect(body['alertCreated']).toEqual(expect.any(String));
  });

  test('what is scored is what stood there at completion, however late an answer came', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'GAD-7');
    await answerAll(api, person, sessionId, [0, 0, 0, 0, 0, 0, 0]);
    const answer = { sessionId, questionNumber: 1, selectedValue: 3 };
    const [answered, completed] = await Promise.all([
      post(person, 'submit-answer', answer),
      post(person, 'complete', { sessionId }),
    ]);
    expect(completed.status).toBe(200);
    if (answered.status === 200) expect(completed.body.result.totalScore).toBe(3);
    else expect([answered.status, completed.body.result.totalScore]).toEqual([409, 0]);
  });
});

describe('danger', () => {
  const IDEATION = CALM.with(8, 1);

  test('becomes an alert with the result, and whom to call is in the answer', async () => {
    const person = await api.person();
    const { status, body } = await screen(person, 'PHQ-9', IDEATION);
    expect(status).toBe(200);
    const [alert] = await rows('crisis_alerts', { person_id: person.id });
    expect(alert).toMatchObject({ severity: 'high', type: 'screening_result', status: 'paging' });
    expect(body).toMatchObject({
      alertCreated: alert.id,
      emergencyContacts: { crisis: '988' },
      result: { riskFlags: [{ type: 'suicidal_ideation', severity: 'high' }] },
    });
    const [outgoing] = await api.knex('outbox').whereRaw("payload->>'alertId' = ?", [alert.id]);
    expect(outgoing.topic).toBe('crisis.raised');
    const [result] = await rows('screening_results', { person_id: person.id });
    expect([result.alert_id, result.review]).toEqual([alert.id, 'awaited']);
  });

  test.each([24, 25, 27, 28])('GHQ-28 question %i raises one by itself', async (number) => {
    const person = await api.person();
    const values = Array.from({ length: 28 }, () => 0).with(number - 1, 2);
    await screen(person, 'GHQ-28', values);
    const alerts = await rows('crisis_alerts', { person_id: person.id });
    expect(alerts.map(({ severity }) => severity)).toEqual(['high']);
  });

  test('a result that cannot call anybody is not written either', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answerAll(api, person, sessionId, IDEATION);
    await api.knex.raw('ALTER TABLE crisis_triggers ADD CONSTRAINT down CHECK (false) NOT VALID');
    const failed = await post(person, 'complete', { sessionId });
    await api.knex.raw('ALTER TABLE crisis_triggers DROP CONSTRAINT down');
    expect(failed.status).toBeGreaterThanOrEqual(500);
    expect(await rows('screening_results', { response_id: sessionId })).toEqual([]);
    expect((await post(person, 'complete', { sessionId })).status).toBe(200);
  });

  test('written as an answer it is heard, also where the answer itself is refused', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    const selectedText = 'I am going to kill myself tonight';
    const refused = { sessionId, questionNumber: 99, selectedText };
    expect((await post(person, 'submit-answer', refused)).status).toBe(400);
    const [alert] = await rows('crisis_alerts', { person_id: person.id });
    expect(alert.severity).toBe('critical');
    const taken = { sessionId, questionNumber: 1, selectedValue: 1, selectedText };
    const { body } = await post(person, 'submit-answer', taken);
    expect(body).toMatchObject({ alertCreated: alert.id, emergencyContacts: { crisis: '988' } });
    expect(await rows('crisis_alerts', { person_id: person.id })).toHaveLength(1);
  });

  test('an answer that is put right calls nobody', async () => {
    const person = await api.person();
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answerAll(api, person, sessionId, IDEATION);
    await post(person, 'submit-answer', { sessionId, questionNumber: 9, selectedValue: 0 });
    await post(person, 'complete', { sessionId });
    expect(await rows('crisis_alerts', { person_id: person.id })).toEqual([]);
  });
});

describe('results', () => {
  test('the newest of each type, the history, and a trend by reliable change', async () => {
    const person = await api.person();
    const of = { token: person.token };
    const none = await api.call('GET', `/api/results/user/${person.id}/latest`, undefined, of);
    expect(none).toMatchObject({ status: 200, body: { result: null, data: { results: [] } } });
    await screen(person, 'PHQ-9', [2, 2, 2, 2, 2, 2, 0, 0, 0]);
    await screen(person, 'GAD-7', [1, 1, 1, 1, 1, 1, 1]);
    await screen(person, 'PHQ-9', [1, 1, 1, 1, 1, 1, 1, 0, 0]);
    await screen(person, 'PHQ-9', [1, 1, 1, 1, 1, 1, 0, 0, 0]);
    const path = `/api/results/user/${person.id}`;
    const latest = await api.call<Body>(
      'GET',
      `${path}/latest?questionnaireType=phq-9`,
      undefined,
      of,
    );
    expect(latest.body.result).toMatchObject({ totalScore: 6, severityLevel: 'mild' });
    expect(latest.body.data.id).toBe(latest.body.result['_id']);
    const history = await api.call<Body>('GET', path, undefined, of);
    expect(history.body.results.map((r) => r.totalScore)).toEqual([12, 7, 7, 6]);
    const [phq, gad] = history.body.trend;
    // From 12 to 6: six points are reliable. From 7 to 6: one is not.
    expect(phq).toMatchObject({
      questionnaireType: 'PHQ-9',
      direction: 'improved',
      sinceFirst: { difference: -6, smallestReliable: 6, verdict: 'improved' },
      sincePrevious: { difference: -1, verdict: 'no_reliable_change' },
    });
    expect(gad).toMatchObject({ questionnaireType: 'GAD-7', direction: 'not_assessed' });
    const later = await api.call<Body>('GET', `${path}?from=2199-01-01`, undefined, of);
    expect(later.body.results).toEqual([]);
    const reads = await rows('audit_entries', { action: 'screening_result.read' });
    expect(reads.filter(({ subject_id: id }) => id === person.id)).toHaveLength(4);
  });
});
