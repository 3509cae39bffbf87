import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestApi, startTestApi } from '../../support/api.ts';
import { QUICK_PLAN, setPlan } from '../../support/stack-people.ts';
import {
  MONDAY,
  WEEKS,
  at,
  claimsOf,
  edit,
  later,
  made,
  pair,
  rivalOf,
  shown,
  times,
} from './series-bench.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await setPlan(api, QUICK_PLAN);
});
afterAll(() => api.close());

describe('edits', () => {
  test('this: one occurrence moves and keeps its own time; one is cancelled for good', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const one = { scope: 'this', occurrenceId: occurrences[1]!.sessionId };
    const moved = await edit(api, people.therapist, id, {
      ...one,
      date: later(8),
      startTime: '15:00',
    });
    expect(moved.status).toBe(200);
    expect(moved.body.occurrences[1]).toMatchObject({
      date: later(7),
      startsAt: `${later(8)}T15:00:00.000Z`,
      isMoved: true,
    });
    const cancel = { scope: 'this', occurrenceId: occurrences[2]!.sessionId, cancel: true };
    const cancelled = await edit(api, people.client, id, cancel);
    expect(cancelled.body.excludedDates).toEqual([later(14)]);
    expect((await edit(api, people.client, id, cancel)).body.code).toBe('wrong_state');
    const all = await edit(api, people.therapist, id, { scope: 'all', startTime: '11:30' });
    const expected = [`${MONDAY}T11:30`, `${later(8)}T15:00`, `${later(21)}T11:30`];
    expect(times(all.body)).toEqual(expected);
    expect(await claimsOf(api, people.client)).toEqual(expected);
  });

  test('one that was moved back goes with the others again', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const one = { scope: 'this', occurrenceId: occurrences[1]!.sessionId };
    const away = await edit(api, people.therapist, id, { ...one, startTime: '15:00' });
    expect(away.body.occurrences.map(({ isMoved }) => isMoved)).toEqual([
      false,
      true,
      false,
      false,
    ]);
    const back = await edit(api, people.therapist, id, { ...one, startTime: '10:00' });
    expect(back.body.occurrences.some(({ isMoved }) => isMoved)).toBe(false);
    const all = await edit(api, people.therapist, id, { scope: 'all', startTime: '11:30' });
    expect(times(all.body)).toEqual(at(WEEKS, '11:30'));
  });

  test('what was moved at another door keeps its time; what another therapist has, its therapist', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const [, second, third] = occurrences.map(({ sessionId }) => sessionId);
    const other = await pair(api);
    const moved = { starts_at: `${later(8)}T10:00Z`, ends_at: `${later(8)}T10:50Z` };
    await api.knex('sessions').where({ id: second! }).update(moved);
    await api.knex('sessions').where({ id: third! }).update({ therapist_id: other.therapist.id });
    const before = await shown(api, people.client, id);
    expect(before.occurrences.map(({ isMoved }) => isMoved)).toEqual([false, true, false, false]);
    const { body } = await edit(api, people.therapist, id, { scope: 'all', startTime: '11:30' });
    const [first, , , last] = at(WEEKS, '11:30');
    expect(times(body)).toEqual([first, `${later(8)}T10:00`, `${later(14)}T10:00`, last]);
    const claimed = await api.knex('claims').where({ person_id: other.therapist.id });
    expect(claimed).toEqual([]);
  });

  test('following: the series is cut, both parts are what they say', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const wish = { scope: 'following', occurrenceId: occurrences[2]!.sessionId };
    const { body } = await edit(api, people.therapist, id, { ...wish, startTime: '16:00' });
    expect(body).toMatchObject({ previousSeriesId: id, startTime: '16:00' });
    expect(times(body)).toEqual(at([later(14), later(21)], '16:00'));
    expect(body.rule).toBe('FREQ=WEEKLY;COUNT=2');
    const old = await shown(api, people.client, id);
    expect(times(old)).toEqual(at([MONDAY, later(7)], '10:00'));
    // Cut at its first occurrence, it is an edit of all.
    const first = { scope: 'following', occurrenceId: occurrences[0]!.sessionId };
    const same = await edit(api, people.therapist, id, { ...first, startTime: '09:00' });
    expect(same.body.id).toBe(id);
    const cut = { scope: 'following', occurrenceId: body.occurrences[1]!.sessionId, cancel: true };
    const ended = await edit(api, people.client, body.id, cut);
    expect(ended.body.id).toBe(body.id);
    expect(await claimsOf(api, people.client)).toEqual([
      ...at([MONDAY, later(7)], '09:00'),
      `${later(14)}T16:00`,
    ]);
  });

  test('another rule: occurrences are paired with the new times, some come and some go', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const more = { scope: 'all', rule: 'FREQ=WEEKLY;BYDAY=TU,TH;COUNT=6' };
    const changed = await edit(api, people.therapist, id, more);
    const dates = [1, 3, 8, 10, 15, 17].map((days) => later(days));
    expect(times(changed.body)).toEqual(at(dates, '10:00'));
    const kept = changed.body.occurrences.map(({ sessionId }) => sessionId);
    expect(kept.slice(0, 4)).toEqual(occurrences.map(({ sessionId }) => sessionId));
    const fewer = await edit(api, people.therapist, id, {
      scope: 'all',
      dates: [later(1), later(2)],
    });
    expect(times(fewer.body)).toEqual(at([later(1), later(2)], '10:00'));
    expect(await claimsOf(api, people.client)).toEqual(at([later(1), later(2)], '10:00'));
  });

  test('occurrences may take each other’s old times', async () => {
    const people = await pair(api);
    const { id } = await made(api, people.therapist, people, { rule: 'FREQ=DAILY;COUNT=5' });
    const shifted = { scope: 'all', startDate: later(1) };
    const { body, status } = await edit(api, people.therapist, id, shifted);
    expect(status).toBe(200);
    const dates = [1, 2, 3, 4, 5].map((days) => later(days));
    expect(times(body)).toEqual(at(dates, '10:00'));
    expect(await claimsOf(api, people.therapist)).toEqual(at(dates, '10:00'));
  });

  test('one taken time: it is named, and nothing changes', async () => {
    const people = await pair(api);
    const rival = await rivalOf(api, people);
    await made(api, people.therapist, rival, {
      rule: undefined,
      dates: [later(14)],
      startTime: '12:00',
    });
    const { id } = await made(api, people.therapist, people);
    const before = await claimsOf(api, people.client);
    const wish = { scope: 'all', startTime: '12:10' };
    const { status, body } = await edit(api, people.therapist, id, wish);
    expect([status, body.code]).toEqual([409, 'slot_unavailable']);
    expect(body.occurrences?.map(({ date }) => date)).toEqual([later(14)]);
    expect(await claimsOf(api, people.client)).toEqual(before);
    const row = await api.knex('series').where({ id }).first();
    expect([row.version, row.start_minute]).toEqual([1, 600]);
  });

  test('what has begun or is over is left alone', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const [past, running] = occurrences.map(({ sessionId }) => sessionId);
    const early = { starts_at: new Date(Date.now() - 1e7), ends_at: new Date(Date.now() - 1e6) };
    await api
      .knex('sessions')
      .where({ id: past! })
      .update({ ...early, status: 'completed' });
    await api
      .knex('sessions')
      .where({ id: running! })
      .update({ ...early, status: 'in_progress' });
    const { body } = await edit(api, people.therapist, id, { scope: 'all', startTime: '18:00' });
    expect(body.occurrences.map(({ status }) => status)).toEqual([
      'completed',
      'in_progress',
      'planned',
      'planned',
    ]);
    expect(times(body).slice(2)).toEqual(at([later(14), later(21)], '18:00'));
    const late = { scope: 'this', occurrenceId: past!, startTime: '12:00' };
    expect((await edit(api, people.therapist, id, late)).body.code).toBe('wrong_state');
    await edit(api, people.therapist, id, { scope: 'all', cancel: true });
    const left = await api.knex('sessions').whereIn('id', [past!, running!]);
    expect(left.map(({ status }) => status).toSorted()).toEqual(['completed', 'in_progress']);
  });

  test('many at once leave every occurrence with exactly its own claims', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people, {
      rule: 'FREQ=DAILY;COUNT=6',
    });
    const replies = await Promise.all([
      edit(api, people.therapist, id, { scope: 'all', startTime: '11:00' }),
      edit(api, people.therapist, id, { scope: 'all', startDate: later(2) }),
      edit(api, people.client, id, {
        scope: 'this',
        occurrenceId: occurrences[3]!.sessionId,
        cancel: true,
      }),
      edit(api, people.therapist, id, {
        scope: 'following',
        occurrenceId: occurrences[2]!.sessionId,
        startTime: '13:00',
      }),
    ]);
    expect(replies.some(({ status }) => status === 200)).toBe(true);
    for (const { status, body } of replies) {
      if (status !== 200) expect(['version_conflict', 'wrong_state']).toContain(body.code);
    }
    const { rows } = await api.knex.raw(
      `SELECT sessions.id FROM sessions
       LEFT JOIN claims ON claims.session_id = sessions.id AND claims.state = 'active'
         AND claims.slot = 'current' AND lower(claims.during) = sessions.starts_at
       WHERE sessions.client_id = ? GROUP BY sessions.id
       HAVING count(claims.id) <> CASE sessions.status WHEN 'planned' THEN 2 ELSE 0 END`,
      [people.client.id],
    );
    expect(rows).toEqual([]);
  });

  test.each([
    [{}, 'scope'],
    [{ scope: 'all' }, 'scope'],
    [{ scope: 'this', cancel: true }, 'occurrenceId'],
    [{ scope: 'all', cancel: true, startTime: '12:00' }, 'cancel'],
    [{ scope: 'all', date: MONDAY }, 'date'],
    [{ answer: 'approve', scope: 'all' }, 'answer'],
    [{ scope: 'all', rule: 'FREQ=WEEKLY' }, 'rule'],
    [{ scope: 'all', dates: ['2020-01-06'] }, 'rule'],
  ])('%j makes no edit', async (wish, field) => {
    const people = await pair(api);
    const { id } = await made(api, people.therapist, people);
    const { status, body } = await edit(api, people.therapist, id, wish);
    expect(status).toBe(400);
    if (Object.keys(wish).length > 0) expect(body.errors?.[0]?.field).toBe(field);
  });

  test('a planned occurrence can be cancelled at the therapy door too', async () => {
    const people = await pair(api);
    const { id, occurrences } = await made(api, people.therapist, people);
    const path = `/api/therapy/sessions/${occurrences[0]!.sessionId}`;
    const reply = await api.call('DELETE', path, undefined, { token: people.client.token });
    expect(reply.status).toBe(200);
    const series = await shown(api, people.client, id);
    expect(times(series)).toHaveLength(3);
    expect(await claimsOf(api, people.client)).toHaveLength(3);
  });
});
