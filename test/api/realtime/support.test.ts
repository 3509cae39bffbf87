import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { signAccessToken } from '../../../api/auth/access-tokens.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';
import { closeClients, insertSupport, openClient, signedIn } from './people.ts';

let api: TestApi;
let nodes: [Node, Node];
let patient: TestPerson;
let helper: TestPerson;
let sessionId: string;

const TIMES = {
  signInWithinMs: 300,
  warnBeforeMs: 60_000,
  crisisGraceMs: 600_000,
  sweepEveryMs: 50,
};

beforeAll(async () => {
  api = await startTestApi();
  nodes = [await startNode(api), await startNode(api)];
}, 120_000);
beforeEach(async () => {
  patient = await api.person();
  helper = await api.person({ role: 'peer' });
  sessionId = await insertSupport(api, patient, helper);
});
afterEach(closeClients);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
});

test('participants of different processes hear of one another as published; tabs and oneself do not', async () => {
  const [one, tab] = [await signedIn(nodes[0], patient), await signedIn(nodes[0], patient)];
  const two = await signedIn(nodes[1], helper);
  for (const client of [one, tab]) await client.ask('join-session', { sessionId });
  expect(await two.ask('join-session', { sessionId })).toMatchObject({ success: true });
  expect(await two.next('session-joined')).toEqual({
    sessionId,
    participants: [
      {
        userId: patient.id,
        username: `u-${patient.id}`,
        role: 'patient',
        joinedAt: expect.any(String),
      },
      { userId: helper.id, username: `u-${helper.id}`, role: 'peer', joinedAt: expect.any(String) },
    ],
    status: 'active',
    lastMessageNumber: 0,
  });
  expect(await one.next('user-joined-session')).toEqual({
    sessionId,
    userId: helper.id,
    user: {
      _id: helper.id,
      username: `u-${helper.id}`,
      role: 'peer',
      profile: { firstName: 'Test' },
    },
    joinedAt: expect.any(String),
  });
  for (const [event, isTyping] of [
    ['typing', true],
    ['typing-indicator', false],
  ] as const) {
    expect(await one.ask(event, { sessionId, isTyping })).toEqual({ success: true });
    expect(await two.next('user-typing', (news) => news['isTyping'] === isTyping)).toEqual({
      sessionId,
      userId: patient.id,
      username: `u-${patient.id}`,
      isTyping,
    });
  }
  await two.ask('leave-session', { sessionId });
  expect(await one.next('user-left-session')).toMatchObject({ userId: helper.id, reason: 'left' });
  expect(tab.of('user-typing')).toEqual([]);
  expect(one.of('user-typing')).toEqual([]);
});

test('a foreign room is refused, on record, and silent; so is one of a waiting session for helpers', async () => {
  const stranger = await signedIn(nodes[1], await api.person());
  const candidate = await api.person({ role: 'peer' });
  const other = await signedIn(nodes[1], candidate);
  const waiting = await insertSupport(api, patient, null);
  const own = await signedIn(nodes[0], patient);
  await own.ask('join-session', { sessionId });
  await own.ask('join-session', { sessionId: waiting });
  for (const client of [stranger, other]) {
    for (const id of [sessionId, waiting]) {
      for (const event of ['join-session', 'typing']) {
        expect(await client.ask(event, { sessionId: id })).toMatchObject({ error: 'NOT_FOUND' });
      }
    }
  }
  const denied = await api.knex('audit_entries').where({ actor_id: candidate.id });
  expect(denied.map(({ outcome, object_id }) => [outcome, object_id]).toSorted()).toEqual(
    [sessionId, sessionId, waiting, waiting].map((id) => ['denied', id]).toSorted(),
  );
  const listening = await signedIn(nodes[1], helper);
  await listening.ask('join-session', { sessionId });
  await own.ask('typing', { sessionId });
  await listening.next('user-typing');
  expect([...stranger.heard, ...other.heard].map(([name]) => name)).toEqual([
    'authenticated',
    'authenticated',
  ]);
});

test('a suspended helper stops receiving at once, in every process', async () => {
  const clients = [await signedIn(nodes[0], helper), await signedIn(nodes[1], helper)];
  for (const client of clients) await client.ask('join-session', { sessionId });
  const ends = clients.map(
    ({ socket }) => new Promise((resolve) => socket.once('disconnect', resolve)),
  );
  await api.knex('people').where({ id: helper.id }).update({ suspended_at: new Date() });
  await Promise.all(ends);
});

test('a call for help reaches the crisis team in every process, once, and nobody else', async () => {
  const counselor = await signedIn(nodes[0], await api.person({ role: 'counselor' }));
  const admin = await signedIn(nodes[1], await api.person({ role: 'admin' }));
  const unverified = await api.person({ role: 'counselor', isVerified: false });
  const others = [
    await signedIn(nodes[0], unverified),
    await signedIn(nodes[1], helper),
    await signedIn(nodes[0], await api.person({ role: 'admin', clinicId: await api.clinic() })),
  ];
  const two = await signedIn(nodes[1], helper);
  const report = {
    severity: 'high',
    description: 'User expressed thoughts of self-harm',
    sessionId,
    location: { latitude: 40.7128, longitude: -74.006 },
  };
  const taken = await two.ask('crisis-alert', report);
  expect(taken).toMatchObject({ success: true, alertId: expect.any(String) });
  for (const client of [counselor, admin]) {
    expect(await client.next('crisis-alert')).toMatchObject({
      alertId: taken['alertId'],
      userId: patient.id,
      sessionId,
      severity: expect.stringMatching(/^(high|critical)$/),
      type: expect.any(String),
      description: report.description,
      createdAt: expect.any(String),
      location: expect.objectContaining(report.location),
      estimatedResponseTime: expect.any(Number),
      alert: { alertNumber: taken['alertNumber'], userId: patient.id },
    });
    expect(client.of('crisis-alert')).toHaveLength(1);
  }
  expect(others.flatMap(({ heard }) => heard).map(([name]) => name)).toEqual(
    others.map(() => 'authenticated'),
  );
});

test.each([
  [undefined],
  [null],
  [7],
  ['help'],
  [[]],
  [{ severity: 'x', sessionId: {}, location: 9 }],
])('the call for help %j is taken in as grave', async (payload) => {
  const one = await signedIn(nodes[0], patient);
  expect(await one.ask('crisis-alert', payload)).toMatchObject({ success: true, severity: 'high' });
  const [alert] = await api.knex('crisis_alerts').where({ person_id: patient.id });
  expect(alert).toMatchObject({ severity: 'high', status: 'paging' });
});

test('a flood of calls for help is one alert with few reports, and none is refused', async () => {
  const one = await signedIn(nodes[0], patient);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      one.ask('crisis-alert', { severity: at === 150 ? 'critical' : 'low' }),
    ),
  );
  expect(new Set(answers.map(({ success, alertId }) => `${success} ${alertId}`)).size).toBe(1);
  expect(answers.at(-1)).toMatchObject({ success: true, severity: 'critical' });
  const reports = await api.knex('crisis_triggers').where({ alert_id: answers[0]!['alertId'] });
  expect(reports.length).toBeLessThan(100);
});

describe('tokens end', () => {
  let brief: Node;
  let hurried: Node;
  beforeAll(async () => {
    brief = await startNode(api, { times: TIMES });
    hurried = await startNode(api, { times: { ...TIMES, crisisGraceMs: 1_000 } });
  });
  afterAll(async () => {
    await Promise.all([brief.close(), hurried.close()]);
  });

  function tokenFor({ id, familyId }: TestPerson, lifeMs: number): Promise<string> {
    const { keyRing, http, auth } = api.deps;
    const short = { ...auth, accessTokenTtlMs: lifeMs };
    const deps = { keyRing, publicUrl: http.publicUrl, auth: short };
    return signAccessToken(deps, id, familyId).then(({ token }) => token);
  }

  const ended = ({ socket }: ReturnType<typeof openClient>): Promise<unknown> =>
    new Promise((resolve) => socket.once('disconnect', resolve));

  test('nobody is closed, whoever renews stays, whoever does not is warned and closed', async () => {
    const nobody = openClient(brief);
    const nobodyEnded = ended(nobody);
    const lapsing = openClient(brief, await tokenFor(patient, 8_000));
    const lapsed = ended(lapsing);
    const staying = openClient(brief, await tokenFor(helper, 8_000));
    await staying.next('token-expiring');
    expect(await staying.ask('authenticate', { token: helper.token })).toMatchObject({
      success: true,
    });
    await Promise.all([lapsing.next('token-expiring'), lapsed, nobodyEnded]);
    expect(nobody.heard).toEqual([]);
    expect(await staying.ask('leave-session', { sessionId: uuidv7() })).toMatchObject({
      success: true,
    });
  });

  test('somebody in a crisis, or who looks after it, stays for a while, unless signed out', async () => {
    const people = [patient, helper, await api.person()];
    const clients = await Promise.all(
      people.map(async (person) => openClient(brief, await tokenFor(person, 8_000))),
    );
    const ends = clients.map(ended);
    const alert = { id: uuidv7(), number: 'CA-2026-900001', clinic_id: api.clinicId };
    const kind = { severity: 'high', type: 'user-report', person_id: patient.id };
    await api.knex('crisis_alerts').insert({ ...alert, ...kind, holder_id: helper.id });
    await ends[2];
    expect(clients.map(({ socket }) => socket.connected)).toEqual([true, true, false]);
    const answer = await clients[0]!.ask('join-session', { sessionId });
    expect(answer).toMatchObject({ success: true });
    await api.knex('people').where({ id: helper.id }).update({ suspended_at: new Date() });
    await ends[1];
    expect(clients[0]!.socket.connected).toBe(true);
  });

  test('somebody in a crisis does not stay for ever', async () => {
    const alert = { id: uuidv7(), number: 'CA-2026-900002', clinic_id: api.clinicId };
    const kind = { severity: 'high', type: 'user-report', person_id: patient.id };
    await api.knex('crisis_alerts').insert({ ...alert, ...kind });
    await ended(openClient(hurried, await tokenFor(patient, 2_000)));
  });
});
