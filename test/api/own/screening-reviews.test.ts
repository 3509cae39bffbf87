import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { answerAll, startScreening } from '../support/answering.ts';

let api: TestApi;
let admin: TestPerson;
let person: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  const clinicId = await api.clinic();
  admin = await api.person({ role: 'admin', clinicId });
  person = await api.person({ clinicId });
});

async function flagged(): Promise<string> {
  const sessionId = await startScreening(api, person, 'PHQ-9');
  await answerAll(api, person, sessionId, [0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const path = '/api/responses/complete';
  const token = { token: person.token };
  const { body } = await api.call<{ data: { id: string } }>('POST', path, { sessionId }, token);
  return body.data.id;
}

interface Page {
  readonly data: readonly { readonly id: string; readonly state: string }[];
  readonly nextCursor: string | null;
}

async function listed(query = '', by = admin): Promise<Page> {
  const path = `/api/v1/screening-reviews${query}`;
  const reply = await api.call<Page>('GET', path, undefined, { token: by.token });
  expect(reply.status).toBe(200);
  return reply.body;
}

const ids = ({ data }: Page): string[] => data.map(({ id }) => id);

const NOTES = 'Rang her, she is safe';
const review = (id: string, body: object = { decision: 'follow_up', notes: NOTES }) =>
  api.call('POST', `/api/results/${id}/review`, body, { token: admin.token });

test('a review takes a result off the queue once, with notes that only open with their key', async () => {
  const id = await flagged();
  expect(ids(await listed())).toEqual([id]);
  const statuses = (await Promise.all([review(id), review(id), review(id)])).map((r) => r.status);
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
  expect(ids(await listed())).toEqual([]);
  const [row] = await api.knex('screening_results').where({ id });
  expect(row).toMatchObject({ review: 'done', decision: 'follow_up', reviewed_by: admin.id });
  expect(row.review_notes.toString('latin1')).not.toContain('safe');
});

test('whoever may review reads what was found, by whom and when', async () => {
  const [seen, bare, waiting] = [await flagged(), await flagged(), await flagged()];
  await review(seen);
  await review(bare, { decision: 'no_action' });
  const found = { reviewedBy: admin.id, reviewedAt: expect.any(String), state: 'reviewed' };
  const noted = { id: seen, decision: 'follow_up', notes: NOTES, ...found };
  const unnoted = { id: bare, decision: 'no_action', notes: null, ...found };
  const none = { decision: null, notes: null, reviewedBy: null, reviewedAt: null };
  const awaited = { id: waiting, state: 'awaiting', ...none };
  expect((await listed()).data).toMatchObject([awaited]);
  expect((await listed('?state=awaiting')).data).toMatchObject([awaited]);
  expect((await listed('?state=reviewed')).data).toMatchObject([noted, unnoted]);
  expect((await listed('?state=all')).data).toMatchObject([noted, unnoted, awaited]);
  const reads = await api.knex('audit_entries').where({ object_id: seen, actor_id: admin.id });
  const actions = reads.map(({ action }) => action).toSorted();
  expect(actions).toEqual([
    'screening_result.read',
    'screening_result.read',
    'screening_result.review',
  ]);
});

test('reviews come page by page, of one clinic alone', async () => {
  const all = [await flagged(), await flagged(), await flagged()];
  for (const id of all) await review(id);
  const first = await listed('?state=reviewed&limit=2');
  const second = await listed(`?state=reviewed&limit=2&cursor=${first.nextCursor}`);
  expect([...ids(first), ...ids(second)]).toEqual(all);
  expect(second.nextCursor).toBeNull();
  const other = await api.person({ role: 'admin', clinicId: await api.clinic() });
  expect(ids(await listed('?state=all', other))).toEqual([]);
  const path = '/api/v1/screening-reviews?state=done';
  const unknown = await api.call('GET', path, undefined, { token: admin.token });
  expect(unknown.status).toBe(400);
});
