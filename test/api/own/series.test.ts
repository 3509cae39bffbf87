import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { lapseSeries } from '../../../activities/series/lapsing.ts';
import { type TestApi, startTestApi } from '../../support/api.ts';
import { QUICK_PLAN, addClient, setPlan } from '../../support/stack-people.ts';
import {
  MONDAY,
  PATH,
  type Series,
  WEEKS,
  at,
  claimsOf,
  edit,
  later,
  made,
  make,
  pair,
  rivalOf,
  times,
  wishOf,
} from './series-bench.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await setPlan(api, QUICK_PLAN);
});
afterAll(() => api.close());

describe('a series', () => {
  test('of a therapist claims all its times at once, planned, and is seen by its people only', async () => {
    const people = await pair(api);
    const series = await made(api, people.therapist, people);
    expect(series).toMatchObject({ status: 'active', rule: 'FREQ=WEEKLY;COUNT=4' });
    expect(series.occurrences.map(({ status }) => status)).toEqual(Array(4).fill('planned'));
    expect(times(series)).toEqual(at(WEEKS, '10:00'));
    expect(await claimsOf(api, people.client)).toEqual(at(WEEKS, '10:00'));
    expect(await claimsOf(api, people.therapist)).toEqual(at(WEEKS, '10:00'));
    const stranger = await pair(api);
    for (const [person, count] of [
      [people.client, 1],
      [people.therapist, 1],
      [stranger.client, 0],
      [stranger.therapist, 0],
    ] as const) {
      const list = await api.call<{ data: Series[] }>('GET', PATH, undefined, {
        token: person.token,
      });
      expect([list.status, list.body.data.length]).toEqual([200, count]);
    }
    const hidden = await edit(api, stranger.client, series.id, { scope: 'all', cancel: true });
    expect(hidden.status).toBe(404);
  });

  test('of a client waits for one answer, and its times are kept meanwhile', async () => {
    const people = await pair(api);
    const series = await made(api, people.client, people);
    expect(series.status).toBe('requested');
    const other = await make(api, people.therapist, await rivalOf(api, people));
    expect(other.body.code).toBe('slot_unavailable');
    expect((await edit(api, people.client, series.id, { answer: 'approve' })).status).toBe(403);
    const moved = { scope: 'all', startTime: '11:00' };
    expect((await edit(api, people.therapist, series.id, moved)).body.code).toBe('wrong_state');
    const approved = await edit(api, people.therapist, series.id, { answer: 'approve' });
    expect(approved.body.status).toBe('active');
    const bound = await api.knex('claims').where({ person_id: people.client.id });
    expect(bound.map(({ expires_at: expires }) => expires)).toEqual(Array(4).fill(null));
    expect((await edit(api, people.therapist, series.id, { answer: 'approve' })).status).toBe(200);
    const declined = await edit(api, people.therapist, series.id, { answer: 'decline' });
    expect(declined.body.code).toBe('wrong_state');
  });

  test('that is declined or not answered in time gives its times back', async () => {
    const people = await pair(api);
    const declined = await made(api, people.client, people);
    await edit(api, people.therapist, declined.id, { answer: 'decline' });
    expect(await claimsOf(api, people.client)).toEqual([]);
    const late = await made(api, people.client, people);
    expect(await lapseSeries(api.knex, late.id)).toBe(false);
    const past = new Date(Date.now() - 1000);
    await api.knex('series').where({ id: late.id }).update({ answer_due_at: past });
    const sessions = late.occurrences.map(({ sessionId }) => sessionId);
    await api.knex('sessions').whereIn('id', sessions).update({ answer_due_at: past });
    await api.knex('claims').whereIn('session_id', sessions).update({ expires_at: past });
    const answer = await edit(api, people.therapist, late.id, { answer: 'approve' });
    expect(answer.body.code).toBe('wrong_state');
    expect(await lapseSeries(api.knex, late.id)).toBe(true);
    const rows = await api.knex('sessions').whereIn('id', sessions);
    expect(rows.map(({ status }) => status)).toEqual(Array(4).fill('expired'));
    expect(await claimsOf(api, people.therapist)).toEqual([]);
  });

  test('is made once by the same key, and not at all when one time is taken', async () => {
    const people = await pair(api);
    const key = newId();
    const ask = () =>
      api.call<Series>('POST', PATH, wishOf(people, { rule: undefined, dates: WEEKS }), {
        token: people.therapist.token,
        headers: { 'idempotency-key': key },
      });
    const [first, second] = [await ask(), await ask()];
    expect(second.body.id).toBe(first.body.id);
    expect(await claimsOf(api, people.client)).toHaveLength(4);
    const third = await rivalOf(api, people);
    const rule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=4';
    const reply = await make(api, people.therapist, third, { startDate: later(-14), rule });
    expect([reply.status, reply.body.code]).toEqual([409, 'slot_unavailable']);
    expect(reply.body.occurrences?.map(({ date }) => date)).toEqual([MONDAY, later(14)]);
    expect(await claimsOf(api, third.client)).toEqual([]);
  });

  test('two that race for overlapping times: one is made', async () => {
    const people = await pair(api);
    const rival = await rivalOf(api, people);
    const rule = 'FREQ=WEEKLY;COUNT=20';
    const replies = await Promise.all([
      make(api, people.therapist, people, { rule }),
      make(api, people.therapist, rival, { rule, startTime: '10:30' }),
    ]);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    expect(await claimsOf(api, people.therapist)).toHaveLength(20);
  });

  test('many that race and meet in some of their times: each is made whole, or not at all', async () => {
    const people = await pair(api);
    const rivals = await Promise.all(Array.from({ length: 8 }, () => rivalOf(api, people)));
    const replies = await Promise.all(
      rivals.map((rival, index) => {
        const rule = `FREQ=DAILY;INTERVAL=${2 + (index % 4)};COUNT=12`;
        const wish = { rule, startDate: later(index), startTime: `10:${index % 6}0` };
        return make(api, people.therapist, rival, wish);
      }),
    );
    const winners = replies.filter(({ status }) => status === 201);
    expect(winners.length).toBeGreaterThan(0);
    for (const [index, { status, body }] of replies.entries()) {
      const claims = await claimsOf(api, rivals[index]!.client);
      expect(claims).toEqual(status === 201 ? times(body) : []);
      if (status !== 201) expect([status, body.code]).toEqual([409, 'slot_unavailable']);
    }
    const all = winners.flatMap(({ body }) => times(body)).toSorted();
    expect(await claimsOf(api, people.therapist)).toEqual(all);
  });

  test.each([
    [{ rule: 'FREQ=WEEKLY' }, 'rule'],
    [{ rule: 'FREQ=DAILY;COUNT=99999' }, 'rule'],
    [{ rule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=3' }, 'rule'],
    [{ dates: [MONDAY] }, 'dates'],
    [{ rule: undefined, dates: ['2031-02-30'] }, 'dates'],
    [{ startTime: '25:00' }, 'startTime'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ startDate: '0000-00-00' }, 'startDate'],
  ])('%j is refused by name', async (wish, field) => {
    const people = await pair(api);
    const { status, body } = await make(api, people.therapist, people, wish);
    expect([status, body.errors?.[0]?.field]).toEqual([400, field]);
  });

  test('is refused by who may make it, and by the therapist’s own calendar', async () => {
    const people = await pair(api);
    const stranger = await addClient(api);
    expect((await make(api, stranger, people)).status).toBe(403);
    const strangers = { ...people, client: stranger };
    expect((await make(api, stranger, strangers)).body.code).toBe('relationship_required');
    expect((await make(api, people.client, people, { startDate: '2020-01-06' })).body.code).toBe(
      'time_in_past',
    );
    await api.knex('availability_rules').where({ therapist_id: people.therapist.id }).delete();
    expect((await make(api, people.therapist, people)).body.code).toBe('outside_availability');
    const anyway = { ignoreAvailability: true };
    expect((await make(api, people.client, people, anyway)).status).toBe(400);
    expect((await make(api, people.therapist, people, anyway)).status).toBe(201);
  });
});
