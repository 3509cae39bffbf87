import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { type TestApi, type TestPerson, startTestApi } from '../../support/api.ts';
import { type Desk, HOUR_MS, openDesk } from './desk.ts';
import { addAuthorisation, addSession } from './rows.ts';

const DAY = Date.UTC(2031, 0, 6);
const RANGE = 'start_date=2031-01-06&end_date=2031-01-12';

interface Shown extends Record<string, unknown> {
  readonly id: string;
  readonly authorization?: Record<string, unknown> | null;
}

interface Batch {
  readonly success: boolean;
  readonly data: {
    readonly sessions: readonly Shown[];
    readonly availability?: readonly {
      readonly therapist_id: string;
      readonly working_hours: readonly object[];
      readonly free: readonly object[];
    }[];
    readonly conflicts?: readonly Record<string, unknown>[];
    readonly pagination: Record<string, unknown>;
    readonly performance: Record<string, number>;
    readonly summary?: Record<string, unknown>;
  };
}

let api: TestApi;
let desk: Desk;
let other: Desk;
beforeAll(async () => {
  api = await startTestApi();
  desk = await openDesk(api);
  other = { ...(await openDesk(api)), staff: desk.staff };
}, 120_000);
afterAll(() => api.close());

async function batch(
  by: TestPerson,
  query = '',
  path = '/get-schedule-data-batch',
): Promise<Batch> {
  const reply = await api.call<Batch>('GET', `${path}?${RANGE}${query}`, undefined, {
    token: by.token,
  });
  expect([reply.status, reply.body]).toEqual([200, reply.body]);
  return reply.body;
}

function at(desk: Desk, hour: number, facts: object = {}): Promise<string> {
  const people = { therapistId: desk.therapist.id, clientId: desk.client.id };
  return addSession(api, { ...people, startsAt: DAY + hour * HOUR_MS, ...facts });
}

describe('calendars in bulk', () => {
  let ids: string[];
  beforeAll(async () => {
    ids = [];
    for (let hour = 8; hour < 15; hour += 1)
      ids.push(await at(hour % 2 === 0 ? desk : other, hour));
    await at(desk, 20, { status: 'expired', extra: { missed_deadline: 'hold' } });
    await at(desk, 24 * 7);
  });

  test('come page by page, each session once, in the order of their starts', async () => {
    const seen: string[] = [];
    for (let offset: unknown = 0; offset !== null;) {
      const { data } = await batch(desk.staff, `&batch_size=3&offset=${String(offset)}`);
      seen.push(...data.sessions.map(({ id }) => id));
      expect(data.pagination).toMatchObject({ batch_size: 3, total: ids.length });
      expect(data.performance['rows']).toBe(data.sessions.length);
      expect(data.performance['total_time_ms']).toBeGreaterThanOrEqual(
        data.performance['query_time_ms']!,
      );
      offset = data.pagination['next_offset'];
    }
    expect(seen).toEqual(ids);
  });

  test('go on where the page before has ended, though all start at once', async () => {
    const third = await openDesk(api);
    const startsAt = Date.parse('2031-02-03T15:00:00Z');
    const made = [desk, other, third].map((each) =>
      addSession(api, { therapistId: each.therapist.id, clientId: each.client.id, startsAt }),
    );
    const wanted = (await Promise.all(made)).toSorted();
    const range = 'start_date=2031-02-03&end_date=2031-02-03';
    const { token } = desk.staff;
    const seen: string[] = [];
    for (let offset = 0; offset <= wanted.length; offset += 1) {
      const path = `/get-schedule-data-batch?${range}&batch_size=1&offset=${String(offset)}`;
      const { data } = (await api.call<Batch>('GET', path, undefined, { token })).body;
      expect(data.pagination).toMatchObject({ total: 3, has_more: offset < 2 });
      seen.push(...data.sessions.map(({ id }) => id));
    }
    expect(seen).toEqual(wanted);
  });

  test('are the same by GET and POST, at the root and under /api', async () => {
    const therapists = `&therapist_ids=${other.therapist.id}`;
    const got = await batch(desk.staff, therapists, '/api/get-schedule-data-batch');
    const body = {
      start_date: '2031-01-06',
      end_date: '2031-01-12',
      therapist_ids: [other.therapist.id],
    };
    const { token } = desk.staff;
    const posted = await api.call<Batch>('POST', '/get-schedule-data-batch', body, { token });
    expect(posted.body.data.sessions).toEqual(got.data.sessions);
    expect(posted.body.data.sessions).toHaveLength(3);
  });

  test('are a therapist’s own, and another’s are refused on record', async () => {
    const own = await batch(desk.therapist);
    expect(new Set(own.data.sessions.map((each) => each['therapist_id']))).toEqual(
      new Set([desk.therapist.id]),
    );
    const path = `/get-schedule-data-batch?${RANGE}&therapist_ids=${other.therapist.id}`;
    const { token } = desk.therapist;
    expect((await api.call('GET', path, undefined, { token })).status).toBe(403);
    const foreign = await api.person({ role: 'admin', clinicId: await api.clinic() });
    expect((await batch(foreign)).data.sessions).toEqual([]);
  });

  test.each([
    ['start_date=2031-01-06&end_date=2031-01-05'],
    ['start_date=2031-13-06&end_date=2031-01-05x'],
    ['start_date=2031-01-06&end_date=2033-01-06'],
    ['start_date=2031-01-06&end_date=2031-01-12&therapist_ids=x'],
    ['start_date=2031-01-06&end_date=2031-01-12&batch_size=100000'],
    ['start_date=2031-01-06&end_date=2031-01-12&offset=-1'],
  ])('refuse %s', async (query) => {
    const path = `/get-schedule-data-batch?${query}`;
    const { status, body } = await api.call('GET', path, undefined, { token: desk.staff.token });
    expect([status, body['code'], body['success']]).toEqual([400, 'malformed_request', false]);
  });

  test('tell what is free, and what has come to conflict', async () => {
    await api.knex('availability_exceptions').insert({
      id: newId(),
      therapist_id: desk.therapist.id,
      kind: 'time_off',
      start_date: '2031-01-08',
      end_date: '2031-01-08',
    });
    await api.knex('availability_rules').where({ therapist_id: other.therapist.id }).delete();
    // The time off was written by hand, over a session of that day.
    const facts = { door: 'teletherapy' };
    const away = await at(desk, 48 + 9, facts);
    const crisis = await at(desk, 8, { door: 'crisis', extra: { client_id: other.client.id } });
    const { data } = await batch(desk.staff, '&include_conflicts=true&include_availability=true');
    const conflicts = new Map(
      data.conflicts!.map((each) => [
        `${String(each['type'])} ${String(each['session_id'])}`,
        each,
      ]),
    );
    expect(conflicts.has(`time_off ${away}`)).toBe(true);
    expect(conflicts.get(`overlapping_session ${crisis}`)).toMatchObject({
      with_session_id: ids[0],
      calendar_of: 'therapist',
    });
    expect(conflicts.has(`outside_availability ${ids[1]!}`)).toBe(true);
    expect(conflicts.has(`outside_availability ${ids[0]!}`)).toBe(false);
    const hours = data.availability!.find((each) => each.therapist_id === desk.therapist.id)!;
    expect(hours.working_hours).toEqual([
      { start_time: '2031-01-06T00:00:00Z', end_time: '2031-01-08T00:00:00Z' },
      { start_time: '2031-01-09T00:00:00Z', end_time: '2031-01-13T00:00:00Z' },
    ]);
  });
});

describe('what an insurer has left', () => {
  test('is for those who run the clinic, and left out for everybody else', async () => {
    const insured = { ...desk, client: await api.person() };
    await addAuthorisation(api, insured.client.id, 10, 4);
    const id = await at(insured, 5 * 24);
    const shownTo = async (by: TestPerson): Promise<Shown> =>
      (await batch(by)).data.sessions.find((each) => each.id === id)!;
    expect((await shownTo(desk.staff)).authorization).toMatchObject({
      payer: 'Aetna',
      sessions_granted: 10,
      sessions_used: 4,
      sessions_remaining: 6,
    });
    const seen = await shownTo(desk.therapist);
    expect(seen).not.toHaveProperty('authorization');
    expect(JSON.stringify(seen)).not.toMatch(/remaining|Aetna/);
    const path = `/get-sessions-optimized?client_id=${insured.client.id}`;
    const listed = await api.call<Batch>('GET', path, undefined, { token: desk.therapist.token });
    expect(listed.body.data.sessions).toHaveLength(1);
    expect(listed.body.data.sessions[0]).not.toHaveProperty('authorization');
  });

  test('is drawn down by completing, once, never below nothing, and not by a no-show', async () => {
    const client = await api.person();
    const authorisation = await addAuthorisation(api, client.id, 2);
    const people = { therapistId: desk.therapist.id, clientId: client.id };
    const used = async (): Promise<unknown> =>
      (await api.knex('insurance_authorisations').where({ id: authorisation }).first())
        .sessions_used;
    const end = async (hour: number, status: string): Promise<string> => {
      const id = await addSession(api, {
        ...people,
        startsAt: DAY + hour * HOUR_MS,
        status: 'in_progress',
        extra: { authorisation_id: authorisation },
      });
      await api.knex('sessions').where({ id }).update({ status });
      return id;
    };
    await end(100, 'no_show');
    expect(await used()).toBe(0);
    const id = await end(101, 'completed');
    await api.knex('sessions').where({ id }).update({ status: 'in_progress' });
    await api.knex('sessions').where({ id }).update({ status: 'completed' });
    expect(await used()).toBe(1);
    await Promise.all([102, 103, 104].map((hour) => end(hour, 'completed')));
    expect(await used()).toBe(2);
    const uses = await api.knex('authorisation_uses').where({ authorisation_id: authorisation });
    expect(uses).toHaveLength(2);
  });
});

describe('sessions by any filter', () => {
  test('with what they come to', async () => {
    const own = { ...(await openDesk(api)), staff: desk.staff };
    await at(own, 30, { format: 'in_person' });
    await at(own, 31, { format: 'audio', status: 'awaiting_payment' });
    await at(own, 32, { status: 'requested' });
    await at(own, 33, { status: 'declined' });
    const list = async (query: string): Promise<Batch['data']> => {
      const path = `/api/get-sessions-optimized?therapist_id=${own.therapist.id}${query}`;
      const reply = await api.call<Batch>('GET', path, undefined, { token: desk.staff.token });
      expect(reply.status).toBe(200);
      return reply.body.data;
    };
    const all = await list('&limit=3');
    expect(all.pagination).toEqual({ page: 1, limit: 3, total: 4, total_pages: 2, has_more: true });
    expect(all.summary).toMatchObject({
      total: 4,
      total_minutes: 200,
      by_status: { confirmed: 1, pending: 2, cancelled: 1 },
      by_location_type: { telehealth: 2, phone: 1, in_person: 1 },
    });
    expect((await list('&status=pending')).sessions).toHaveLength(2);
    expect((await list('&location_type=phone')).sessions).toHaveLength(1);
    expect((await list('&start_date=2031-01-08')).sessions).toEqual([]);
    expect((await list('&page=2&limit=3')).sessions).toHaveLength(1);
    for (const wrong of ['status=nothing', 'start_date=2031-01-08&end_date=2031-01-07']) {
      const path = `/get-sessions-optimized?${wrong}`;
      const reply = await api.call('GET', path, undefined, { token: desk.staff.token });
      expect([wrong, reply.status]).toEqual([wrong, 400]);
    }
  });
});
