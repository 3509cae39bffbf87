import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';

let api: TestApi;
let team: readonly TestPerson[];
beforeAll(async () => {
  api = await startTestApi();
  team = [await api.person({ role: 'counselor' }), await api.person({ role: 'staff' })];
}, 120_000);
afterAll(() => api.close());

async function raised(): Promise<{ readonly id: string; readonly patient: TestPerson }> {
  const patient = await api.person();
  const { token } = patient;
  const { body } = await api.call<{ data: { alert: { id: string } } }>(
    'POST',
    '/api/crisis',
    {},
    { token },
  );
  return { id: body.data.alert.id, patient };
}

function put(id: string, { token }: TestPerson, body: unknown): Promise<TestReply> {
  return api.call('PUT', `/api/crisis/${id}`, body, { token });
}

const EXAMPLE = {
  status: 'resolved',
  resolution: 'User connected with local crisis counselor. Safety plan established.',
  actionsTaken: [
    'Immediate phone contact established',
    'Safety plan created with user',
    'Local crisis center notified',
    'Follow-up appointment scheduled',
  ],
  riskAssessment: 'Risk significantly reduced after intervention',
  followUpRequired: true,
  followUpDate: '2025-09-23T10:00:00.000Z',
  notes: 'User was responsive to intervention and engaged in safety planning',
};

test('one of two who investigate at once has it; the published resolution ends it', async () => {
  const { id, patient } = await raised();
  const tries = await Promise.all(
    team.map((person) => put(id, person, { status: 'investigating' })),
  );
  expect(tries.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  const won = tries.find(({ status }) => status === 200)!.body;
  const holder = team[tries.findIndex(({ status }) => status === 200)]!;
  expect(won['alert']).toMatchObject({
    _id: id,
    status: 'investigating',
    assignedCounselorId: holder.id,
    responseTime: expect.any(Number),
    resolvedAt: null,
  });

  expect((await put(id, holder, { status: 'resolved' })).status).toBe(422);
  const { status, body } = await put(id, holder, EXAMPLE);
  expect([status, body['message']]).toEqual([200, 'Crisis alert updated successfully']);
  expect(body['alert']).toMatchObject({
    _id: id,
    status: 'resolved',
    resolution: EXAMPLE.resolution,
    resolvedAt: expect.any(String),
    resolvedBy: holder.id,
    followUpRequired: true,
    followUpDate: EXAMPLE.followUpDate,
  });
  // The same word again, because its answer was lost, is no fault; another's is too late.
  expect((await put(id, holder, EXAMPLE)).status).toBe(200);
  const other = team.find((person) => person !== holder)!;
  expect((await put(id, other, EXAMPLE)).status).toBe(409);

  const [note] = await api.knex('crisis_notes').where({ alert_id: id });
  expect(note.has_called_local_services).toBe(true);
  expect(String(note.details)).not.toContain('Safety');
  const tasks = await api.knex('tasks').where({ kind: 'crisis_follow_up' });
  expect(tasks.map(({ data }) => data.dueAt)).toEqual([EXAMPLE.followUpDate]);
  const path = `/api/crisis?userId=${patient.id}`;
  const { body: list } = await api.call('GET', path, undefined, { token: other.token });
  expect(list['alerts']).toMatchObject([
    { status: 'resolved', resolution: EXAMPLE.resolution, followUpRequired: true },
  ]);
});

test('notes alone leave the alert as it is; who is not of the team can do nothing', async () => {
  const { id, patient } = await raised();
  const { body } = await put(id, team[0]!, { riskAssessment: 'high', followUpRequired: false });
  expect(body['alert']).toMatchObject({ status: 'active', followUpRequired: false });
  const foreign = await api.person({ role: 'admin', clinicId: await api.clinic() });
  const peer = await api.person({ role: 'peer' });
  const tries = [foreign, peer, patient].map((person) => put(id, person, { status: 'resolved' }));
  expect((await Promise.all(tries)).map(({ status }) => status)).toEqual([404, 404, 403]);
  const denied = await api.knex('audit_entries').where({ object_id: id, outcome: 'denied' });
  expect(denied).toHaveLength(3);
  // A peer on a roster who was paged, and has taken it, may.
  await api.knex('crisis_alerts').where({ id }).update({ status: 'held', holder_id: peer.id });
  expect((await put(id, peer, { notes: 'We speak.' })).status).toBe(200);
});

test.each([{ status: 'gone' }, { actionsTaken: 'x' }, { followUpDate: 'soon' }, []])(
  '%j is malformed',
  async (body) => {
    const { id } = await raised();
    expect((await put(id, team[0]!, body)).status).toBe(400);
  },
);
