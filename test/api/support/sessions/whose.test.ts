import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApi } from '../../../support/api.ts';
import type { TestApi, TestPerson } from '../../../support/api.ts';
import { type Body, CREATE_A, CREATE_B, deskOf } from './desk.ts';

let api: TestApi;
let patient: TestPerson;
let peer: TestPerson;
let counselor: TestPerson;
let desk: ReturnType<typeof deskOf>;
beforeAll(async () => {
  api = await startTestApi();
  desk = deskOf(api);
  patient = await api.person();
  peer = await api.person({ role: 'peer' });
  counselor = await api.person({ role: 'counselor' });
}, 120_000);
afterAll(() => api.close());

describe('races', () => {
  test('of thirty helpers who accept at once one wins, and the record says who', async () => {
    const helpers = await Promise.all(
      Array.from({ length: 30 }, () => api.person({ role: 'peer' })),
    );
    const id = await desk.ask(patient);
    const replies = await Promise.all(
      helpers.map((helper) => desk.as(helper, 'POST', `/api/sessions/${id}/accept`, {})),
    );
    const winners = helpers.filter((_, at) => replies[at]!.status === 200);
    expect(winners).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(29);
    expect(new Set(replies.map(({ body }) => body.error))).toEqual(
      new Set([undefined, 'ALREADY_HAS_HELPER']),
    );
    const row = await api.knex('support_sessions').where({ id }).first();
    expect(row).toMatchObject({ status: 'active', helper_id: winners[0]!.id });
    const held = await api.knex('support_participants').where({ session_id: id, role: 'helper' });
    expect(held).toMatchObject([{ person_id: winners[0]!.id }]);
    const told = await api
      .knex('audit_entries')
      .where({ object_id: id, action: 'support_session.accept' });
    expect(told).toMatchObject([{ actor_id: winners[0]!.id, outcome: 'allowed' }]);
  });

  test('an acceptance that meets the patient who takes it back has one end', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await desk.ask(patient);
      const [accepted, ended] = await Promise.all([
        desk.as(peer, 'POST', `/api/sessions/${id}/accept`, {}),
        desk.as(patient, 'POST', `/api/sessions/${id}/end`, {}),
      ]);
      expect(ended.status).toBe(200);
      const row = await api.knex('support_sessions').where({ id }).first();
      if (accepted.status === 200) {
        expect(row).toMatchObject({ status: 'closed', helper_id: peer.id });
      } else {
        expect([accepted.status, accepted.body.error]).toEqual([400, 'SESSION_NOT_WAITING']);
        expect(row).toMatchObject({ status: 'cancelled', helper_id: null });
      }
    }
  });
});

test('whoever takes no part gets nothing, and the attempt is on record', async () => {
  const id = await desk.ask(patient, {
    ...CREATE_A,
    title: 'a-marked-title',
    description: 'a-marked-text',
  });
  const winner = await api.person({ role: 'counselor' });
  await desk.as(winner, 'POST', `/api/sessions/${id}/accept`, { message: 'a-marked-hello' });
  const clinicId = await api.clinic();
  const others = [
    await api.person(),
    peer,
    counselor,
    await api.person({ role: 'counselor', isVerified: false }),
    await api.person({ role: 'counselor', clinicId }),
    await api.person({ role: 'admin', clinicId }),
    await api.person({ role: 'staff' }),
  ];
  const acts: [string, string, object?][] = [
    ['GET', `/api/sessions/${id}`],
    ['PUT', `/api/sessions/${id}`, { rating: 1, status: 'closed' }],
    ['POST', `/api/sessions/${id}/end`, {}],
    ['POST', `/api/sessions/${id}/join`, {}],
    ['POST', '/api/urgent/escalate', { sessionId: id, severity: 'low' }],
    ['GET', `/api/messages/session/${id}`],
  ];
  for (const other of others) {
    for (const [method, path, body] of acts) {
      const before = await deniedTo(other);
      const reply = await desk.as(other, method, path, body);
      expect([403, 404]).toContain(reply.status);
      expect(JSON.stringify(reply.body)).not.toContain('a-marked');
      expect(await deniedTo(other)).toBe(before + 1);
    }
  }
  expect(await api.knex('support_sessions').where({ id }).first()).toMatchObject({
    status: 'active',
    severity: 'medium',
    rating: null,
  });
});

async function deniedTo(person: TestPerson): Promise<number> {
  const rows = await api.knex('audit_entries').where({ actor_id: person.id, outcome: 'denied' });
  return rows.length;
}

test('a peer takes neither a counselor’s session nor a critical one, nobody their own', async () => {
  const forCounselor = await desk.ask(patient, {
    ...CREATE_A,
    type: 'counselor_session',
    preferredHelperType: 'counselor',
  });
  const critical = await desk.ask(patient, { ...CREATE_A, urgencyLevel: 'critical' });
  for (const id of [forCounselor, critical]) {
    expect((await desk.as(peer, 'POST', `/api/sessions/${id}/accept`)).status).toBe(403);
  }
  const own = await desk.ask(counselor, CREATE_A);
  expect((await desk.as(counselor, 'POST', `/api/sessions/${own}/accept`)).status).toBe(403);
});

test('the crisis team sees a session while its alert is open, and its words once it has joined', async () => {
  const who = await api.person();
  const id = await desk.ask(who, CREATE_B);
  await desk.as(peer, 'POST', `/api/sessions/${id}/accept`, { message: 'Hi' });
  const read = () => desk.as(counselor, 'GET', `/api/sessions/${id}`);
  expect((await read()).status).toBe(404);
  await desk.as(who, 'POST', '/api/messages', { sessionId: id, message: 'I want to kill myself' });
  const seen = await read();
  expect([seen.status, seen.body['recentMessages']]).toEqual([200, []]);
  expect((await desk.as(counselor, 'GET', `/api/messages/session/${id}`)).status).toBe(403);
  expect((await desk.as(counselor, 'POST', `/api/sessions/${id}/join`, {})).status).toBe(200);
  expect((await read()).body['recentMessages']).toHaveLength(2);
  // Who joined is no helper of the session: it is not theirs to end.
  expect((await desk.as(counselor, 'POST', `/api/sessions/${id}/end`, {})).status).toBe(403);
  expect((await desk.as(peer, 'POST', `/api/sessions/${id}/end`, {})).status).toBe(200);
});

test('a patient without an account asks, is helped and rates', async () => {
  const { body } = await api.call<{ token: string }>('POST', '/api/auth/anonymous', {});
  const { token } = body;
  const asked = await api.call<Body>('POST', '/api/sessions', CREATE_A, { token });
  expect(asked.status).toBe(201);
  const { _id: id } = asked.body.session;
  expect((await desk.as(peer, 'POST', `/api/sessions/${id}/accept`, {})).status).toBe(200);
  const shown = await desk.as(peer, 'GET', `/api/sessions/${id}`);
  expect(shown.body.session).toMatchObject({ isAnonymous: true });
  const ended = await api.call<Body>('POST', `/api/sessions/${id}/end`, { rating: 4 }, { token });
  expect([ended.status, ended.body.session.rating]).toEqual([200, 4]);
});

test('helpers of an anonymous session learn no name, in no list either', async () => {
  const who = await api.person();
  const id = await desk.ask(who, { ...CREATE_B, isAnonymous: true });
  const { username } = await api.knex('people').where({ id: who.id }).first('username');
  const list = await desk.as(peer, 'GET', '/api/sessions/available?limit=50');
  const accepted = await desk.as(peer, 'POST', `/api/sessions/${id}/accept`, { message: 'Hi' });
  await desk.as(who, 'POST', '/api/messages', { sessionId: id, message: 'Hello' });
  const shown = [
    list,
    accepted,
    await desk.as(peer, 'GET', `/api/sessions/${id}`),
    await desk.as(peer, 'GET', '/api/sessions/user'),
    await desk.as(peer, 'GET', `/api/messages/session/${id}`),
  ];
  for (const { status, body } of shown) {
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain(username);
    expect(JSON.stringify(body)).not.toContain(who.id);
  }
  const own = await desk.as(who, 'GET', `/api/sessions/${id}`);
  expect(own.body.session.patientId.username).toBe(username);
});

describe('a cry for help', () => {
  const CRY = 'I want to kill myself';

  test('in a request raises an alert with the session', async () => {
    const who = await api.person();
    const id = await desk.ask(who, { ...CREATE_B, description: CRY });
    const [alert] = await desk.alertsOf(who);
    expect(alert).toMatchObject({ severity: 'high', session_id: id });
    const stored = await api.knex('support_sessions').where({ id }).first();
    expect(stored.details.includes(CRY)).toBe(false);
    // It was asked for as medium.
    expect(stored.severity).toBe('high');
  });

  test.each<[string, string, unknown]>([
    ['POST', '/api/sessions', { title: 7, description: CRY }],
    ['POST', '/api/sessions/create', { severity: 'whatever', description: [CRY] }],
    ['PUT', '/api/sessions/00000000-0000-7000-8000-000000000000', { feedback: CRY }],
    ['POST', '/api/sessions/nothing/end', { rating: 9, feedback: CRY }],
    ['POST', '/api/urgent/escalate', { sessionId: 'nothing', reason: CRY }],
  ])('is heard where %s %s is refused', async (method, path, body) => {
    const who = await api.person();
    const reply = await desk.as(who, method, path, body);
    expect([400, 404]).toContain(reply.status);
    expect(await desk.alertsOf(who)).toHaveLength(1);
  });

  test('of a helper who is the patient of a session is heard where their change is refused', async () => {
    const who = await api.person({ role: 'peer' });
    const id = await desk.ask(who, CREATE_A);
    const refused = await desk.as(who, 'PUT', `/api/sessions/${id}`, { rating: 9, feedback: CRY });
    expect(refused.status).toBe(400);
    expect(await desk.alertsOf(who)).toHaveLength(1);
    // What they write of somebody else is no cry of their own.
    const theirs = await desk.ask(await api.person(), CREATE_A);
    const helper = await api.person({ role: 'peer' });
    await desk.as(helper, 'POST', `/api/sessions/${theirs}/accept`, {});
    const notes = { rating: 9, sessionNotes: CRY };
    expect((await desk.as(helper, 'PUT', `/api/sessions/${theirs}`, notes)).status).toBe(400);
    expect(await desk.alertsOf(helper)).toEqual([]);
  });

  test('is heard where no handler reads it: broken JSON, a key used for something else', async () => {
    const who = await api.person();
    const raw = await fetch(`${api.url}/api/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
      body: `{"description": "${CRY}`,
    });
    expect(raw.status).toBe(400);
    expect(await desk.alertsOf(who)).toHaveLength(1);
    const other = await api.person();
    const keyed = (body: object) =>
      api.call('POST', '/api/sessions', body, {
        token: other.token,
        headers: { 'idempotency-key': 'one-key' },
      });
    expect((await keyed({ title: 'Exams' })).status).toBe(201);
    expect((await keyed({ title: CRY })).status).toBe(422);
    expect(await desk.alertsOf(other)).toHaveLength(1);
  });

  test('that needs no words: critical, or an intervention', async () => {
    for (const body of [{ urgencyLevel: 'critical' }, { type: 'crisis_intervention' }]) {
      const who = await api.person();
      await desk.ask(who, body);
      expect(await desk.alertsOf(who)).toHaveLength(1);
    }
  });
});

test('the scheduling door keeps its addresses under the same prefix', async () => {
  const staff = await api.person({ role: 'staff' });
  for (const act of ['hold', 'confirm', 'cancel']) {
    const reply = await desk.as(staff, 'POST', `/api/sessions/${act}`, {});
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ success: false, code: expect.any(String) });
  }
  const read = await desk.as(staff, 'GET', '/api/sessions/hold');
  expect(read.status).toBe(405);
});
