import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { triggerTextRef } from '../../../db/crisis-carrying.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { startScreening } from './answering.ts';
import { tokenThatEnded } from './ended-token.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

interface Raised {
  readonly message: string;
  readonly data: { readonly alert: Record<string, unknown> };
  readonly alert: Record<string, unknown>;
  readonly immediateActions: { readonly action: string; readonly status: string }[];
  readonly emergencyContacts: Record<string, unknown>;
  readonly resources: unknown[];
}

function raise(body: unknown, token: string, path = '/api/crisis'): Promise<TestReply<Raised>> {
  return api.call<Raised>('POST', path, body, { token });
}

/** Sends the bytes as they are. */
async function raw(
  path: string,
  body: string | Buffer,
  headers: Record<string, string>,
): Promise<{ readonly status: number; readonly body: Raised }> {
  const response = await fetch(`${api.url}${path}`, { method: 'POST', body, headers });
  return { status: response.status, body: (await response.json()) as Raised };
}

async function supportSession(patient: TestPerson, helper: TestPerson): Promise<string> {
  const id = newId();
  const session = { id, clinic_id: api.clinicId, patient_id: patient.id, helper_id: helper.id };
  const kind = { type: 'peer_support', helper_type: 'peer', severity: 'medium' };
  await api.knex('support_sessions').insert({ ...session, ...kind, status: 'active' });
  await api.knex('support_participants').insert([
    { session_id: id, person_id: patient.id, role: 'patient' },
    { session_id: id, person_id: helper.id, role: 'helper' },
  ]);
  return id;
}

test("takes version A's example and answers in its shape", async () => {
  const { id, token } = await api.person();
  const example = {
    severity: 'high',
    description: 'User expressing suicidal thoughts',
    triggerContent: {
      text: "I don't want to live anymore",
      messageId: '615f1234567890abcdef1236',
      sessionId: '615f1234567890abcdef1235',
    },
    detectionMethod: 'keyword_analysis',
    immediateAction: 'escalate_to_counselor',
  };
  const { status, body } = await raise(example, token);
  expect([status, body.message]).toEqual([201, 'Crisis alert created successfully']);
  expect(body.data).toEqual({
    alert: {
      id: expect.any(String),
      userId: id,
      severity: 'high',
      status: 'active',
      description: 'User expressing suicidal thoughts',
      detectionMethod: 'keyword_analysis',
      createdAt: expect.stringMatching(/Z$/),
      escalationLevel: 1,
      assignedCounselor: null,
    },
  });
});

test("takes version B's example; nothing is done before it has been done", async () => {
  const [patient, helper] = [await api.person(), await api.person({ role: 'peer' })];
  const sessionId = await supportSession(patient, helper);
  const example = {
    severity: 'high',
    type: 'self-harm-indication',
    description: 'User expressed thoughts of self-harm in session',
    location: { latitude: 40.7128, longitude: -74.006, address: 'New York, NY', accuracy: 100 },
    sessionId,
    triggerMessage: "I just don't see the point in continuing anymore",
    detectionMethod: 'keyword-analysis',
    riskFactors: ['expressed-hopelessness', 'social-isolation', 'previous-attempts'],
  };
  const { status, body } = await raise(example, helper.token, '/api/crisis/create');
  expect(status).toBe(201);
  // A helper who names the session speaks of the patient in it.
  expect(body.alert).toMatchObject({
    _id: body.data.alert['id'],
    userId: patient.id,
    sessionId,
    type: 'self-harm-indication',
    status: 'active',
    assignedCounselorId: null,
    estimatedResponseTime: 90,
    alertNumber: expect.stringMatching(/^CA-\d{4}-\d{6}$/),
  });
  const states = new Set(body.immediateActions.map((action) => action.status));
  expect(states.has('pending')).toBe(true);
  // The first pages may be out by now: what is told as done stands on record.
  const { first_page_at: pagedAt } = await api
    .knex('crisis_alerts')
    .where({ id: body.alert['_id'] })
    .first('first_page_at');
  if (states.has('completed')) expect(pagedAt).not.toBeNull();
  expect(body.emergencyContacts).toMatchObject({
    crisis: '988',
    text: 'Text HOME to 741741',
    emergency: '911',
  });
  const [row] = await api.knex('crisis_triggers').where({ alert_id: body.alert['_id'] });
  expect(String(row.details)).not.toContain('New York');
});

/** Is read as JSON, but can't be written again. */
const BOTTOMLESS = '['.repeat(45_000) + ']'.repeat(45_000);

const GARBAGE: readonly (readonly [string, string | Buffer, string])[] = [
  ['an empty body', '', 'application/json'],
  ['broken JSON', '{"severity": "low", "descr', 'application/json'],
  ['words of no type', 'please help me', 'text/plain'],
  ['a form', 'severity=low', 'application/x-www-form-urlencoded'],
  ['an array', '[1,2,3]', 'application/json'],
  ['a number', '7', 'application/json'],
  ['unknown words', '{"severity":"purple","type":"whatever"}', 'application/json'],
  [
    'wrong types',
    '{"severity":{"a":1},"type":[],"sessionId":7,"description":{"x":[1]},"location":"home","riskFactors":{"a":1},"triggerContent":[]}',
    'application/json',
  ],
  ['a NUL', '{"severity":"purple","description":"a\\u0000b"}', 'application/json'],
  ['a prototype', '{"__proto__":{"severity":"low"},"constructor":1}', 'application/json'],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'application/json'],
  ['lone surrogates', '{"description":"\\ud800 \\udfff"}', 'application/json'],
  ['deep nesting', `{"description":${'['.repeat(500)}${']'.repeat(500)}}`, 'application/json'],
  ['bottomless nesting', `{"description":${BOTTOMLESS}}`, 'application/json'],
  ['a huge body', JSON.stringify({ description: 'x'.repeat(300_000) }), 'application/json'],
];

describe.each(['/api/crisis', '/api/crisis/create', '/api/urgent/crisis-intervention'])(
  '%s',
  (path) => {
    test.each(GARBAGE)('%s is an alert of high', async (_, body, contentType) => {
      const { id, token } = await api.person();
      const headers = { authorization: `Bearer ${token}`, 'content-type': contentType };
      const reply = await raw(path, body, { ...headers, 'idempotency-key': 'a key with spaces' });
      expect(reply.status).toBe(path.startsWith('/api/urgent') ? 200 : 201);
      const alerts = await api.knex('crisis_alerts').where({ person_id: id });
      expect(alerts).toMatchObject([{ severity: 'high', status: 'paging' }]);
    });
  },
);

test.each([
  ['/api/urgent/escalate', 'reason', 404],
  ['/api/responses/submit-answer', 'selectedText', 400],
  ['/api/sessions', 'description', 400],
])('words beside bottomless nesting are heard at %s', async (path, field, status) => {
  const { id, token } = await api.person();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const reply = await raw(path, `{"${field}":["I will kill myself now",${BOTTOMLESS}]}`, headers);
  expect(reply.status).toBe(status);
  const alerts = await api.knex('crisis_alerts').where({ person_id: id });
  expect(alerts).toMatchObject([{ status: 'paging' }]);
});

test.each([
  { questionNumber: 1, selectedValue: 2 },
  { questionNumber: 1, selectedValue: 0, selectedText: 'Not at all' },
  { questionNumber: 99, selectedValue: 2 },
])('words beside the answer %j call help, and are kept', async (answer) => {
  const person = await api.person();
  const sessionId = await startScreening(api, person, 'PHQ-9');
  const body = { sessionId, ...answer, comment: 'I want to kill myself' };
  await api.call('POST', '/api/responses/submit-answer', body, { token: person.token });
  const [trigger, ...more] = await api.knex('crisis_triggers').where({ reported_by: person.id });
  expect(more).toEqual([]);
  const ref = triggerTextRef({ alertId: trigger.alert_id, triggerId: trigger.id });
  expect(await api.deps.cipher.openField(api.knex, ref, trigger.details)).toContain(body.comment);
});

test('the detector raises what was reported as mild', async () => {
  const { token } = await api.person();
  const { body } = await raise(
    { severity: 'low', description: 'I will kill myself tonight' },
    token,
  );
  expect(['high', 'critical']).toContain(body.alert['severity']);
});

test('a key with another body is another report, with the same body the same', async () => {
  const { id, token } = await api.person();
  const headers = { 'idempotency-key': 'k1' };
  const send = (description: string): Promise<TestReply<Raised>> =>
    api.call<Raised>(
      'POST',
      '/api/crisis',
      { severity: 'medium', description },
      { token, headers },
    );
  const replies = [await send('one'), await send('one'), await send('two')];
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
  const [alert, ...others] = await api.knex('crisis_alerts').where({ person_id: id });
  expect(others).toEqual([]);
  expect(await api.knex('crisis_triggers').where({ alert_id: alert.id })).toHaveLength(2);
});

test('a token that ended lately will do here and nowhere else, one of the day before will not', async () => {
  const person = await api.person();
  const token = await tokenThatEnded(api, person, 3);
  expect((await raise({}, token)).status).toBe(201);
  expect((await api.call('GET', '/api/auth/me', undefined, { token })).status).toBe(401);
  expect((await raise({}, await tokenThatEnded(api, person, 30))).status).toBe(401);
});

test.each([undefined, 'nonsense'])(
  'whoever can not be known is told whom to call',
  async (token) => {
    const options = token === undefined ? {} : { token };
    const { status, body } = await api.call('POST', '/api/crisis', {}, options);
    expect(status).toBe(401);
    expect(body).toMatchObject({
      success: false,
      error: 'UNAUTHENTICATED',
      emergencyContacts: { crisis: '988', emergency: '911' },
    });
  },
);

test("an intervention has a case number, and the published example's shape", async () => {
  const { id, token } = await api.person();
  const example = {
    sessionId: '60f7b1234567890abcdef124',
    interventionType: 'suicide-risk',
    immediacy: 'critical',
    location: { latitude: 40.7128, longitude: -74.006, address: '123 Main St, New York, NY' },
    contactInfo: {
      phone: '+1234567890',
      emergencyContact: { name: 'Jane Doe', relationship: 'Sister', phone: '+1234567891' },
    },
    situation: 'User has expressed intent to self-harm and has means available',
    requestedActions: ['immediate-counselor', 'local-emergency-services'],
  };
  const path = '/api/urgent/crisis-intervention';
  const { status, body } = await api.call('POST', path, example, { token });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    message: 'Crisis intervention initiated',
    intervention: {
      type: 'suicide-risk',
      status: 'active',
      assignedCrisisWorker: null,
      caseNumber: expect.stringMatching(/^CI-\d{4}-\d{6}$/),
    },
    contacts: { assignedWorker: { name: null, phone: '988', expectedContact: 'within 1 minute' } },
  });
  expect(body['immediateActions']).toContainEqual({
    action: 'local-services-contacted',
    status: 'pending',
    timestamp: null,
  });
  expect(await api.knex('crisis_alerts').where({ person_id: id })).toMatchObject([
    { severity: 'critical', type: 'suicide-risk' },
  ]);
});

test('a peer who reports for somebody anonymous hears no more of them than their alias', async () => {
  const [patient, peer] = [await api.person(), await api.person({ role: 'peer' })];
  await api.knex('people').where({ id: patient.id }).update({ phone: '+15005550123' });
  const sessionId = await supportSession(patient, peer);
  await api.knex('support_sessions').where({ id: sessionId }).update({ is_anonymous: true });
  for (const path of ['/api/crisis', '/api/urgent/crisis-intervention']) {
    const reply = await raise({ sessionId, severity: 'high' }, peer.token, path);
    expect(reply.status).toBeLessThan(300);
    expect(JSON.stringify(reply.body)).not.toContain(patient.id);
    expect(reply.body).toMatchObject({ checkIn: { asked: expect.arrayContaining(['phone']) } });
  }
  const alerts = await api.knex('crisis_alerts').where({ person_id: patient.id });
  expect(alerts).toHaveLength(1);
});

test('a helper who escalates no session that can be found is heard all the same', async () => {
  const bodies = [{ reason: 'He is on a bridge' }, { sessionId: newId(), reason: 'No answer' }];
  for (const body of bodies) {
    const helper = await api.person({ role: 'peer' });
    const path = '/api/urgent/escalate';
    expect((await raise(body, helper.token, path)).status).toBe(404);
    const alerts = await api.knex('crisis_alerts').where({ person_id: helper.id });
    expect(alerts).toMatchObject([{ severity: 'high', status: 'paging' }]);
  }
});

test('a key that is none keeps no escalation from anybody', async () => {
  const [patient, peer] = [await api.person(), await api.person({ role: 'peer' })];
  const sessionId = await supportSession(patient, peer);
  const { token } = patient;
  const headers = { 'idempotency-key': 'my key' };
  const reply = await api.call('POST', '/api/urgent/escalate', { sessionId }, { token, headers });
  expect(reply.status).toBe(200);
});
