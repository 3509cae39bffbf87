import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';

interface Feed {
  readonly id: string;
  readonly url: string;
}

let api: TestApi;
let therapist: TestPerson;
let client: TestPerson;

beforeAll(async () => {
  api = await startTestApi();
  therapist = await api.person({ isTherapist: true });
  client = await api.person();
});
afterAll(() => api.close());

async function subscribe(person: TestPerson): Promise<Feed> {
  const { token } = person;
  const reply = await api.call('POST', '/api/v1/calendar-feeds', { kind: 'export' }, { token });
  expect(reply.status).toBe(201);
  return reply.body as unknown as Feed;
}

function fetchFeed({ url }: Feed, headers: Record<string, string> = {}): Promise<TestReply> {
  return api.call('GET', new URL(url).pathname, undefined, { headers });
}

async function textOf(feed: Feed): Promise<string> {
  const reply = await fetchFeed(feed);
  expect(reply.status).toBe(200);
  return String(reply.body).replaceAll('\r\n ', '');
}

function entryOf(text: string, sessionId: string): string | undefined {
  return text.split('BEGIN:VEVENT').find((entry) => entry.includes(`UID:${sessionId}@holdfast`));
}

const HOUR_MS = 3_600_000;

async function session(facts: Record<string, unknown> = {}): Promise<string> {
  const row = sessionRow(
    { clinicId: api.clinicId, therapistId: therapist.id, clientId: client.id },
    { session_type: 'trauma', ...facts },
  );
  await api.knex('sessions').insert(row);
  return row.id;
}

async function enrol(sessionId: string, person: TestPerson, state: string): Promise<void> {
  await api
    .knex('enrolments')
    .insert({ id: uuidv7(), session_id: sessionId, person_id: person.id, state });
}

describe('an exported calendar', () => {
  test('opens by its address alone, which nothing tells again', async () => {
    const person = await api.person();
    const feed = await subscribe(person);
    const secret = /\/([A-Za-z0-9_-]{43})\.ics$/.exec(feed.url)?.[1];
    expect(Buffer.from(secret ?? '', 'base64url')).toHaveLength(32);
    expect(await textOf(feed)).toContain('BEGIN:VCALENDAR');

    const listed = await api.call('GET', '/api/v1/calendar-feeds', undefined, person);
    expect(listed.body['data']).toMatchObject([{ id: feed.id, kind: 'export' }]);
    expect(JSON.stringify(listed.body)).toMatch(/"lastReadAt":"[^"]+Z"/);
    const row = await api.knex('calendar_feeds').where({ id: feed.id }).first();
    const kept = JSON.stringify([listed.body, row, api.logged]);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(Buffer.from(secret!).toString('hex'));
    const wrong = { url: feed.url.replace(secret!, 'A'.repeat(43)) };
    expect((await fetchFeed({ ...feed, ...wrong })).status).toBe(404);
    expect((await fetchFeed({ ...feed, url: feed.url.slice(0, -4) })).status).toBe(404);
  });

  test('shows both people the session, and neither the other', async () => {
    const id = await session();
    for (const person of [therapist, client]) {
      const text = await textOf(await subscribe(person));
      expect(entryOf(text, id)).toContain('STATUS:CONFIRMED');
      expect(text).not.toMatch(/test person|test therapist|trauma|therap|individual/i);
      expect(text).not.toContain(person === client ? therapist.id : client.id);
    }
    const other = await subscribe(await api.person({ isTherapist: true }));
    expect(await textOf(other)).not.toContain(id);
  });

  test('tells what is asked for, what was called off for a while, and no lost holds', async () => {
    const longAgo = new Date(Date.now() - 40 * 24 * HOUR_MS);
    const ids = {
      asked: await session({ status: 'requested' }),
      cancelled: await session({ status: 'cancelled', version: 4 }),
      forgotten: await session({ status: 'cancelled', updated_at: longAgo }),
      held: await session({ status: 'held' }),
      lost: await session({ status: 'expired', missed_deadline: 'hold' }),
      unpaid: await session({ status: 'expired', missed_deadline: 'payment' }),
    };
    const text = await textOf(await subscribe(client));
    expect(entryOf(text, ids.asked)).toContain('STATUS:TENTATIVE');
    expect(entryOf(text, ids.cancelled)).toMatch(/SEQUENCE:4[^]*STATUS:CANCELLED/);
    expect(entryOf(text, ids.unpaid)).toContain('STATUS:CANCELLED');
    for (const id of [ids.forgotten, ids.held, ids.lost]) expect(text).not.toContain(id);
  });

  test('names no other member of a group, and tells who has left', async () => {
    const id = await session({ client_id: null });
    const [member, left, invited] = [await api.person(), await api.person(), await api.person()];
    await enrol(id, member, 'confirmed');
    await enrol(id, left, 'left');
    await enrol(id, invited, 'invited');
    const text = await textOf(await subscribe(member));
    expect(entryOf(text, id)).toContain('STATUS:CONFIRMED');
    for (const person of [left, invited]) expect(text).not.toContain(person.id);
    expect(entryOf(await textOf(await subscribe(left)), id)).toContain('STATUS:CANCELLED');
    expect(await textOf(await subscribe(invited))).not.toContain(id);
  });

  test('is answered with 304 until something changes', async () => {
    const person = await api.person();
    const feed = await subscribe(person);
    const id = await session({ client_id: person.id });
    const first = await fetchFeed(feed);
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await fetchFeed(feed, { 'if-none-match': header });
      expect([again.status, again.body]).toEqual([304, '']);
      expect(again.headers.get('etag')).toBe(etag);
    }
    await api.knex('sessions').where({ id }).update({ version: 2, status: 'cancelled' });
    expect((await fetchFeed(feed, { 'if-none-match': etag })).status).toBe(200);
  });

  test('puts every visit on record, also one that finds nothing new', async () => {
    const person = await api.person();
    const feed = await subscribe(person);
    const { headers } = await fetchFeed(feed);
    await fetchFeed(feed, { 'if-none-match': headers.get('etag')! });
    const rows = await api.knex('audit_entries').where({ object_id: feed.id }).orderBy('id');
    expect(rows.map(({ action }) => action)).toEqual([
      'calendar_feed.create',
      'calendar_feed.read',
      'calendar_feed.read',
    ]);
    expect(rows[1]).toMatchObject({ actor_role: 'calendar_feed', subject_id: person.id });
  });

  test('opens nothing once it is revoked, or its person suspended', async () => {
    const person = await api.person();
    const [feed, other] = [await subscribe(person), await subscribe(person)];
    const path = `/api/v1/calendar-feeds/${feed.id}`;
    expect((await api.call('DELETE', path, undefined, therapist)).status).toBe(404);
    expect((await fetchFeed(feed)).status).toBe(200);
    expect((await api.call('DELETE', path, undefined, person)).status).toBe(204);
    expect((await fetchFeed(feed)).status).toBe(404);
    expect((await api.call('DELETE', path, undefined, person)).status).toBe(404);
    const listed = await api.call('GET', '/api/v1/calendar-feeds', undefined, person);
    expect(listed.body['data']).toMatchObject([{ id: other.id }]);
    const row = await api.knex('calendar_feeds').where({ id: feed.id }).first();
    expect(row.token_hash).toBeNull();
    await api.knex('people').where({ id: person.id }).update({ suspended_at: new Date() });
    expect((await fetchFeed(other)).status).toBe(404);
  });

  test('comes ten times at most, though all are asked for at once', async () => {
    const { token } = await api.person();
    const asked = Array.from({ length: 14 }, () =>
      api.call('POST', '/api/v1/calendar-feeds', { kind: 'export' }, { token }),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(10);
    expect(statuses.filter((status) => status === 422)).toHaveLength(4);
  });
});

describe('a wish for an outside calendar', () => {
  test.each([
    'http://calendar.example/a.ics',
    'https://127.0.0.1/a.ics',
    'webcal://localhost/a.ics',
    'https://[::ffff:10.0.0.1]/a.ics',
    'https://user:secret@calendar.example/a.ics',
    'no address',
  ])('is refused at once for %s', async (url) => {
    const body = { kind: 'import', url };
    const reply = await api.call('POST', '/api/v1/calendar-feeds', body, therapist);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'malformed_request' });
    expect(JSON.stringify(reply.body)).toContain('"url"');
    expect(JSON.stringify(reply.body)).not.toContain('secret');
  });

  test.each([{}, { kind: 'import' }, { kind: 'export', url: 'https://a.example' }, { kind: 'x' }])(
    'or an export is refused where it says %j',
    async (body) => {
      const reply = await api.call('POST', '/api/v1/calendar-feeds', body, therapist);
      expect(reply.status).toBe(400);
    },
  );

  test('keeps the address sealed, and tells its host alone', async () => {
    const url = 'webcal://calendar.example/private-8c1f/basic.ics';
    const body = { kind: 'import', url };
    // Temporal is down: the import is on record, and is begun later or by the same key.
    const reply = await api.call('POST', '/api/v1/calendar-feeds', body, therapist);
    expect(reply.status).toBe(503);
    const listed = await api.call('GET', '/api/v1/calendar-feeds?limit=100', undefined, therapist);
    const feeds = listed.body['data'] as Record<string, unknown>[];
    const shown = feeds.find(({ kind }) => kind === 'import');
    expect(shown).toMatchObject({ sourceHost: 'calendar.example', state: 'pending' });
    const row = await api.knex('calendar_feeds').where({ kind: 'import' }).first();
    for (const text of [JSON.stringify(shown), row.source_url.toString('latin1')]) {
      expect(text).not.toContain('private-8c1f');
    }
  });
});
