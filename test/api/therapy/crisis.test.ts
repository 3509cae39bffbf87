import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openForHolder } from '../../../activities/crisis/crisis-session.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

type Data = Readonly<Record<string, unknown>> & {
  readonly session_id: string;
  readonly assigned_therapist: { readonly therapist_id: string } | null;
  readonly alert_id: string;
};
type Reply = TestReply<{ readonly success: boolean; readonly data: Data }>;

function ask({ token }: TestPerson, body: unknown = {}): Promise<Reply> {
  return api.call('POST', '/api/therapy/crisis/request', body, { token });
}

function read({ token }: TestPerson, id: string): Promise<Reply> {
  return api.call('GET', `/api/therapy/sessions/${id}`, undefined, { token });
}

/** Somebody on call in a clinic of their own, so that tests don't take each other's people. */
async function clinicOf(therapists: number): Promise<{
  readonly clinicId: string;
  readonly therapists: TestPerson[];
}> {
  const clinicId = await api.clinic();
  const people: TestPerson[] = [];
  for (let n = 0; n < therapists; n += 1) {
    const person = await api.person({ isTherapist: true, clinicId });
    const traits = { is_crisis_therapist: true, is_on_call: true, specializations: ['trauma'] };
    await api.knex('therapist_profiles').where({ person_id: person.id }).update(traits);
    people.push(person);
  }
  return { clinicId, therapists: people };
}

const EXAMPLE = {
  crisis_level: 'high',
  immediate_danger: false,
  description: 'Experiencing severe anxiety and panic attacks',
  preferred_therapist: 'prof_456',
  contact_method: 'video',
  emergency_contact: { name: 'Jane Doe', phone: '+1-555-0123' },
};

interface Published {
  readonly success: boolean;
  readonly data: Data;
  readonly error?: { readonly message: string };
}

/** The published client, but for the types. */
class TherapyBookingManager {
  readonly api: { post(path: string, data: unknown): Promise<Published> };
  constructor(apiClient: TherapyBookingManager['api']) {
    this.api = apiClient;
  }
  async requestCrisisSession(crisisData: unknown): Promise<Data> {
    const response = await this.api.post('/therapy/crisis/request', crisisData);
    if (response.success) return response.data;
    throw new Error(response.error?.message);
  }
}

test('the published client gets a session with whoever is free, who reads the safety plan', async () => {
  const { clinicId, therapists } = await clinicOf(1);
  const [client, stranger] = [await api.person({ clinicId }), await api.person({ clinicId })];
  const manager = new TherapyBookingManager({
    post: async (path, data) =>
      (await api.call<Published>('POST', `/api${path}`, data, { token: client.token })).body,
  });
  const data = await manager.requestCrisisSession(EXAMPLE);
  expect(data).toMatchObject({
    priority: 'high',
    estimated_wait_time: 90,
    assigned_therapist: {
      therapist_id: therapists[0]!.id,
      display_name: 'Test Therapist',
      specializations: ['trauma'],
    },
    room_url: expect.stringMatching(/\/room\//),
    room_access_code: expect.stringMatching(/^[A-Z2-9]{9}$/),
    safety_plan_id: data.session_id,
    immediate_coping_strategies: [
      'Take slow, deep breaths',
      'Ground yourself using 5-4-3-2-1 technique',
      'Call emergency services if in immediate danger',
    ],
  });
  expect(data['crisis_resources']).toContainEqual({
    name: 'Crisis Text Line',
    text: 'HOME to 741741',
    available: '24/7',
  });
  const plan = {
    created: true,
    emergency_contacts: [{ name: 'Jane Doe', phone: '+1-555-0123', relationship: null }],
    coping_strategies: [
      'Deep breathing exercises',
      'Call crisis hotline: 988',
      'Reach out to support person',
    ],
  };
  for (const person of [client, therapists[0]!]) {
    const { body } = await read(person, data.session_id);
    expect(body.data).toMatchObject({
      session_type: 'crisis',
      status: 'confirmed',
      payment_status: 'not_required',
      client_id: client.id,
      crisis_level: 'high',
      safety_plan: plan,
    });
  }
  expect((await read(stranger, data.session_id)).status).toBe(404);
  const admin = await api.person({ clinicId, role: 'admin' });
  expect((await read(admin, data.session_id)).body.data['safety_plan']).toBeUndefined();
  // Whoever has the room's code comes in as the client: nobody else is told it.
  for (const [person, code] of [
    [client, data['room_access_code']],
    [therapists[0]!, null],
    [admin, null],
  ] as const) {
    expect((await read(person, data.session_id)).body.data['room_access_code']).toBe(code);
    const listed = await api.call<Published>('GET', '/api/therapy/sessions', undefined, {
      token: person.token,
    });
    expect(listed.body.data['sessions']).toMatchObject([{ room_access_code: code }]);
  }
  const [row] = await api.knex('crisis_sessions').where({ id: data.session_id });
  expect(String(row.safety_plan)).not.toContain('Jane');
  expect(await api.knex('crisis_triggers').where({ alert_id: data.alert_id })).toMatchObject([
    { source: 'crisis_session', severity: 'high' },
  ]);
});

test('one therapist is free for one of two who ask at once; the other waits for whoever answers', async () => {
  const { clinicId, therapists } = await clinicOf(1);
  const clients = [await api.person({ clinicId }), await api.person({ clinicId })];
  const replies = await Promise.all(clients.map((client) => ask(client, EXAMPLE)));
  expect(replies.map(({ status }) => status)).toEqual([201, 201]);
  const found = replies.map(({ body }) => body.data);
  const waiting = found.filter((data) => data.assigned_therapist === null);
  expect(waiting).toHaveLength(1);
  expect(waiting[0]).toMatchObject({ waiting_for: expect.stringContaining('first') });
  const who = clients[found.indexOf(waiting[0]!)]!;
  const { session_id: id, alert_id: alertId } = waiting[0]!;
  expect((await read(who, id)).body.data).toMatchObject({
    status: 'pending_confirmation',
    therapist_id: null,
    room_url: waiting[0]!['room_url'],
    room_access_code: waiting[0]!['room_access_code'],
  });
  const staff = await api.person({ clinicId, role: 'staff' });
  expect((await read(staff, id)).body.data).toMatchObject({ room_access_code: null });

  // Whoever comes to the room meanwhile is told to stay; nobody else learns of it.
  const [path, stranger] = [`/teletherapy/sessions/${id}`, clients.find((one) => one !== who)!];
  const code = { accessCode: waiting[0]!['room_access_code'] };
  const atTheDoor = [
    await api.call('POST', `${path}/join`, {}, { token: who.token }),
    await api.call('POST', `${path}/access`, code),
    await api.call('POST', `${path}/join`, {}, { token: stranger.token }),
    await api.call('POST', `${path}/access`, { accessCode: 'WRONG-CODE' }),
  ];
  expect(atTheDoor.map(({ status }) => status)).toEqual([503, 503, 404, 404]);
  expect(atTheDoor[0]!.headers.get('retry-after')).toBe('2');

  // An admin takes the alert: the session is theirs, with the same id, room and code.
  const holder = await api.person({ clinicId, role: 'admin' });
  const deps = { knex: api.knex, temporal: api.deps.temporal };
  const took = { alertId, holderId: holder.id };
  await Promise.all(Array.from({ length: 8 }, () => openForHolder(deps, took, Date.now())));
  expect((await read(who, id)).body.data).toMatchObject({
    status: 'confirmed',
    therapist_id: holder.id,
    room_access_code: waiting[0]!['room_access_code'],
  });
  const claims = await api.knex('claims').where({ session_id: id });
  expect(claims.map(({ person_id }) => person_id)).toEqual([holder.id]);
  const [profile] = await api.knex('therapist_profiles').where({ person_id: holder.id });
  expect([profile.verified_at, profile.accepts_clients]).toEqual([null, false]);
  expect(therapists).toHaveLength(1);
});

test('a client in a crisis is not refused for a calendar, and asking again is the same session', async () => {
  const { clinicId, therapists } = await clinicOf(2);
  const client = await api.person({ clinicId });
  const first = await ask(client);
  const again = await Promise.all([ask(client, { crisis_level: 'critical' }), ask(client)]);
  for (const { body } of again) expect(body.data.session_id).toBe(first.body.data.session_id);
  // One that has ended makes room for another, though the client's own time is long taken.
  await api.knex('sessions').where({ client_id: client.id }).update({ status: 'completed' });
  const other = await ask(client);
  expect(other.body.data.session_id).not.toBe(first.body.data.session_id);
  expect(
    new Set([first, other].map(({ body }) => body.data.assigned_therapist?.therapist_id)),
  ).toEqual(new Set(therapists.map(({ id }) => id)));
});

test('the preferred therapist comes first when free, and not when away', async () => {
  const { clinicId, therapists } = await clinicOf(3);
  const preferred_therapist = therapists[2]!.id;
  const ofFirst = await ask(await api.person({ clinicId }), { preferred_therapist });
  expect(ofFirst.body.data.assigned_therapist?.therapist_id).toBe(preferred_therapist);
  const ofSecond = await ask(await api.person({ clinicId }), { preferred_therapist });
  expect(ofSecond.body.data.assigned_therapist?.therapist_id).not.toBe(preferred_therapist);
});

test.each([
  [[], 'high'],
  [{ crisis_level: 'moderate' }, 'medium'],
  [{ crisis_level: {}, immediate_danger: true, safety_plan: 7, emergency_contact: [] }, 'critical'],
  [{ crisis_level: 'purple', contact_method: 3, preferred_therapist: { id: 1 } }, 'high'],
])('whatever is sent, here %j, is an alert and a session', async (body, severity) => {
  const { status, body: answer } = await ask(
    await api.person({ clinicId: await api.clinic() }),
    body,
  );
  expect([status, answer.data['priority']]).toEqual([201, severity]);
  expect(answer.data.session_id).toEqual(expect.any(String));
});

test('whoever has no token hears whom to call', async () => {
  const { status, body } = await api.call('POST', '/api/therapy/crisis/request', {});
  expect(status).toBe(401);
  expect(body['error']).toMatchObject({ emergencyContacts: { crisis: '988' } });
});
