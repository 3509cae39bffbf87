import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { recordTrigger } from '../../../db/crisis-intake.ts';
import { type TestApi, type TestPerson, type TestReply, startTestApi } from '../../support/api.ts';

// Temporal is down throughout: the record decides, and its workflow hears of it later.
let api: TestApi;
let team: TestPerson[];
let alertId: string;

beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

beforeEach(async () => {
  const people = Array.from({ length: 8 }, () => api.person({ isTherapist: true }));
  team = await Promise.all(people);
  const { id: personId } = await api.person();
  const report = { personId, clinicId: api.clinicId, severity: 'high', source: 'report' } as const;
  const rest = { sessionId: null, messageId: null, reportedBy: null, details: null };
  const raised = await api.knex.transaction((trx) =>
    recordTrigger(trx, { ...report, ...rest, type: 'user-report' }),
  );
  alertId = raised.alertId;
});

function say(verb: string, { token }: TestPerson, body: object = {}): Promise<TestReply> {
  return api.call('POST', `/api/v1/crisis/${alertId}/${verb}`, body, { token });
}

async function pagedTo({ id: person_id }: TestPerson): Promise<void> {
  const page = { alert_id: alertId, person_id, sent_by: 'workflow', batch: 1, tier: 0 };
  const id = api.knex.raw('gen_random_uuid()');
  await api.knex('crisis_pages').insert({ id, ...page, channel: 'socket', state: 'sent' });
}

const row = () => api.knex('crisis_alerts').where({ id: alertId }).first();

test('of many who acknowledge at once one has it, and the others are told who', async () => {
  const replies = await Promise.all(team.map((person) => say('acknowledge', person)));
  const winners = replies.filter(({ status }) => status === 200);
  expect(winners).toHaveLength(1);
  const { holder_id: holder, version } = await row();
  expect(winners[0]!.body).toMatchObject({ status: 'held', holderId: holder, isRecorded: true });
  const losers = replies.filter(({ status }) => status === 409);
  expect(losers).toHaveLength(team.length - 1);
  for (const { body } of losers) {
    expect(body).toMatchObject({ code: 'already_held', holderId: holder });
  }
  const told = await api.knex('outbox').where({ topic: 'crisis.verb' });
  expect(told.map(({ payload }) => payload)).toContainEqual({ alertId, version });
});

test('contact comes late and stops the pages all the same; only its holder gives an alert back', async () => {
  const [first, second] = team as [TestPerson, TestPerson];
  expect(await say('release', first)).toMatchObject({ status: 409, body: { code: 'not_holder' } });
  expect(await say('contact', second)).toMatchObject({
    status: 200,
    body: { status: 'in_contact', holderId: second.id },
  });
  const refused = await say('release', first);
  expect(refused).toMatchObject({ status: 409, body: { holderId: second.id } });
  expect(await say('release', second)).toMatchObject({ status: 200, body: { status: 'paging' } });
  expect(await row()).toMatchObject({ status: 'paging', holder_id: null });
});

test.each(['acknowledge', 'contact'])(
  'who is suspended after their %s has nothing any more: it is paged for again',
  async (verb) => {
    const [holder, other] = team as [TestPerson, TestPerson];
    const admin = await api.person({ role: 'admin' });
    await say(verb, holder);
    expect(await row()).toMatchObject({ holder_id: holder.id });
    const { version: before } = await row();
    const path = `/api/v1/people/${holder.id}/suspend`;
    expect((await api.call('POST', path, undefined, { token: admin.token })).status).toBe(200);
    const { version, state, ...alert } = await row();
    expect(alert).toMatchObject({ status: 'paging', holder_id: null });
    expect(state).toMatchObject({ kind: 'paging', lastHolderId: null });
    expect(version).toBe(before + 1);
    const told = await api.knex('outbox').where({ topic: 'crisis.verb' });
    expect(told.map(({ payload }) => payload)).toContainEqual({ alertId, version });
    const lines = await api.knex('crisis_events').where({ alert_id: alertId, kind: 'reopened' });
    expect(lines).toMatchObject([{ data: { because: 'holder_suspended', from: holder.id } }]);
    expect((await say('acknowledge', other)).status).toBe(200);
  },
);

test('a resolution needs an outcome, and its note is sealed', async () => {
  const [first] = team as [TestPerson];
  expect(await say('resolve', first)).toMatchObject({
    status: 422,
    body: { code: 'refused_by_rule', errors: [{ field: 'outcome' }] },
  });
  const words = 'She is with her sister.';
  const resolved = await say('resolve', first, { outcome: 'safe', note: words });
  expect(resolved).toMatchObject({ status: 200, body: { status: 'resolved' } });
  expect(JSON.stringify(resolved.body)).not.toContain('sister');
  const [note] = await api.knex('crisis_notes').where({ alert_id: alertId });
  expect(note.details.includes(words)).toBe(false);
  const late = await say('acknowledge', first);
  expect(late).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
  const acts = await api.knex('audit_entries').where({ object_id: alertId, actor_id: first.id });
  expect(acts.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['alert.resolve', 'alert.note']),
  );
});

test('who is not of the clinic or its crisis team changes nothing', async () => {
  const stranger = await api.person({ isTherapist: true, clinicId: await api.clinic() });
  const unverified = await api.person({ isTherapist: true, isVerified: false });
  const others = [await api.person(), unverified, stranger, await api.person({ role: 'peer' })];
  for (const person of others) {
    for (const verb of ['acknowledge', 'contact', 'release', 'resolve']) {
      expect((await say(verb, person, { outcome: 'safe' })).status).toBe(404);
    }
  }
  expect(await row()).toMatchObject({ status: 'paging', version: 0 });
});

test('whose own trouble it is does not end the search for help, though they be of the team', async () => {
  const [own] = team as [TestPerson];
  await api.knex('crisis_alerts').where({ id: alertId }).update({ person_id: own.id });
  await pagedTo(own);
  for (const verb of ['acknowledge', 'contact', 'release', 'resolve']) {
    expect((await say(verb, own, { outcome: 'safe' })).status).toBe(403);
  }
  const body = { status: 'investigating' };
  const put = await api.call('PUT', `/api/crisis/${alertId}`, body, { token: own.token });
  expect(put.status).toBe(403);
  expect(await row()).toMatchObject({ status: 'paging', holder_id: null });
});

test('a peer who was paged may answer, and ends what they have', async () => {
  const peer = await api.person({ role: 'peer' });
  await pagedTo(peer);
  expect((await say('resolve', peer, { outcome: 'safe' })).status).toBe(404);
  expect(await say('acknowledge', peer)).toMatchObject({ status: 200 });
  expect(await say('resolve', peer, { outcome: 'safe' })).toMatchObject({ status: 200 });
});
