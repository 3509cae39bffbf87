import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { startScreening } from './answering.ts';
import { tokenThatEnded } from './ended-token.ts';

let api: TestApi;
let person: TestPerson;
let sessionId: string;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  person = await api.person();
  sessionId = await startScreening(api, person, 'PHQ-9');
});

const CRY = 'I am going to kill myself tonight';
const PATH = '/api/responses/submit-answer';

const sources = async (): Promise<string[]> =>
  (await api.knex('crisis_triggers').where({ reported_by: person.id })).map((row) => row.source);
const answered = async (): Promise<number[]> =>
  (await api.knex('screening_responses').where({ id: sessionId }).first()).answered;

test.each([
  ['an harmless answer', undefined, []],
  ['a cry for help', CRY, ['screening']],
])('a token that has ended changes no answer, with %s', async (_, selectedText, heard) => {
  const body = { sessionId, questionNumber: 1, selectedValue: 2, selectedText };
  const token = await tokenThatEnded(api, person, 3);
  const reply = await api.call('POST', PATH, body, { token });
  expect(reply.status).toBe(401);
  expect(reply.body).not.toHaveProperty('progress');
  expect(await answered()).toEqual([]);
  expect(await sources()).toEqual(heard);
  const help = heard.length > 0 ? expect.objectContaining({ crisis: '988' }) : undefined;
  expect(reply.body['emergencyContacts']).toEqual(help);
});

test.each([
  ['broken JSON', () => `{"selectedText": "${CRY}`, 'application/json', 400],
  ['another type', () => CRY, 'text/plain', 415],
  [
    'no such question',
    () => JSON.stringify({ sessionId, questionNumber: 99, selectedText: CRY }),
    'application/json',
    400,
  ],
  [
    'no such response',
    () => JSON.stringify({ sessionId: person.id, questionNumber: 1, selectedText: CRY }),
    'application/json',
    404,
  ],
])(
  'a cry that is refused for %s is heard, and told whom to call',
  async (_, body, type, status) => {
    const headers = { 'content-type': type, authorization: `Bearer ${person.token}` };
    const reply = await fetch(`${api.url}${PATH}`, { method: 'POST', body: body(), headers });
    expect(reply.status).toBe(status);
    const [alert] = await api.knex('crisis_alerts').where({ person_id: person.id });
    const told = { alertCreated: alert.id, emergencyContacts: { crisis: '988' } };
    expect(await reply.json()).toMatchObject(told);
    expect(await sources()).toEqual(['screening']);
  },
);
