import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { GAD_7 } from '../../../domain/screening/instruments/gad-7.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { answerAll, startScreening } from '../support/answering.ts';

let api: TestApi;
let admin: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  admin = await api.person({ role: 'admin', clinicId: await api.clinic() });
});

test('a clinic decides who is called for a severe total', async () => {
  const of = { token: admin.token };
  const policy = { alerts: { 'gad-7': { severe_total: 'high' } }, responseHours: 24 };
  const put = await api.call('PUT', '/api/v1/screening-policy', policy, of);
  expect(put).toMatchObject({ status: 200, body: { version: 1, responseHours: 24 } });
  const person = await api.person({ clinicId: admin.clinicId });
  const sessionId = await startScreening(api, person, 'GAD-7');
  await answerAll(api, person, sessionId, [3, 3, 3, 3, 3, 0, 0]);
  const path = '/api/responses/complete';
  await api.call('POST', path, { sessionId }, { token: person.token });
  const [alert] = await api.knex('crisis_alerts').where({ person_id: person.id });
  expect(alert.severity).toBe('high');
});

test.each([
  [
    'type',
    { PHQ9: { severe_total: 'high' } },
    'alerts.PHQ9',
    'must be one of GAD-7, GHQ-12, GHQ-28, MOOD, PHQ-9',
  ],
  [
    'code',
    { 'PHQ-9': { severe_total: 'high', severe_totl: 'low' } },
    'alerts.PHQ-9.severe_totl',
    'must be one of severe_total',
  ],
  [
    'code of a single answer',
    { 'PHQ-9': { suicidal_ideation: null } },
    'alerts.PHQ-9.suicidal_ideation',
    'must be one of severe_total',
  ],
  [
    'code of no total',
    { MOOD: { severe_total: 'high' } },
    'alerts.MOOD.severe_total',
    'must be left out: no total raises anything here',
  ],
  [
    'second spelling',
    { 'PHQ-9': { severe_total: 'high' }, 'phq-9': {} },
    'alerts.phq-9',
    'is given twice',
  ],
])('a policy with a wrong %s is refused with what there is', async (_, alerts, field, message) => {
  const of = { token: admin.token };
  const mood = {
    type: 'MOOD',
    title: 'Mood',
    options: GAD_7.options.slice(0, 2),
    items: [{ number: 1, id: 'mood', text: 'How are you?', kind: 'choice' }],
    bands: [{ min: 0, max: 1, label: 'any' }],
  };
  expect((await api.call('POST', '/api/questionnaires', mood, of)).status).toBe(201);
  const policy = { alerts, responseHours: 24 };
  const refused = await api.call('PUT', '/api/v1/screening-policy', policy, of);
  expect(refused).toMatchObject({
    status: 422,
    body: { code: 'refused_by_rule', errors: [{ field, message }] },
  });
  const read = await api.call('GET', '/api/v1/screening-policy', undefined, of);
  expect(read.body).toMatchObject({ version: 0, alerts: {} });
});
