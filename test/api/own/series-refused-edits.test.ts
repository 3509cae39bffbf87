import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { type SeriesDeps, startAhead } from '../../../activities/series/index.ts';
import { type TestApi, startTestApi } from '../../support/api.ts';
import { QUICK_PLAN, setPlan } from '../../support/stack-people.ts';
import { made, pair } from './series-bench.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await setPlan(api, QUICK_PLAN);
});
afterAll(() => api.close());

test('an edit that comes to nothing after its caller has gone becomes one task', async () => {
  const people = await pair(api);
  const { id, occurrences } = await made(api, people.therapist, people);
  const { sessionId } = occurrences[0]!;
  const startsAt = Date.parse('2040-01-02T10:00:00Z');
  const actor = { personId: people.therapist.id, party: 'therapist' };
  const move = { kind: 'move', startsAt, endsAt: startsAt + 3_000_000, claimIds: [] };
  const wanted = JSON.stringify({ ...move, actor, requestId: v7() });
  await api.knex('sessions').where({ id: sessionId }).update({ status: 'completed' });
  // The same wish is found twice where a run dies between its task and its end.
  for (let run = 0; run < 2; run += 1) {
    await api.knex('series_occurrences').where({ session_id: sessionId }).update({ wanted });
    await startAhead({ knex: api.knex } as SeriesDeps);
  }
  const tasks = await api.knex('tasks').where({ kind: 'series_edit_refused' });
  expect(tasks).toHaveLength(1);
  expect(tasks[0]).toMatchObject({
    session_id: sessionId,
    data: {
      seriesId: id,
      code: 'wrong_state',
      wanted: 'move',
      wantedStartsAt: '2040-01-02T10:00:00.000Z',
    },
  });
  const occurrence = await api.knex('series_occurrences').where({ session_id: sessionId }).first();
  expect(occurrence.wanted).toBeNull();
});
