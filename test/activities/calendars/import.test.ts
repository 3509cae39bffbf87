import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import type { CalendarReading } from '../../../activities/calendars/contract.ts';
import { createCalendarActivities } from '../../../activities/calendars/index.ts';
import { sourceRef } from '../../../activities/calendars/source.ts';
import { createOutboundHttp } from '../../../activities/gateways/outbound-http.ts';
import { findBusy } from '../../../db/availability.ts';
import { insertFeed } from '../../../db/calendar-feeds.ts';
import { DAY_MS, localDateOf } from '../../../domain/local-time.ts';
import { insertSession, startClinic, type TestClinic } from '../../api/own/clinic.ts';

const HOUR_MS = 3_600_000;
const ZONE = 'America/New_York';
/** What the calendar's server answers, and what it was asked. */
interface Outside {
  status: number;
  body: string;
  etag: string | null;
  location?: string;
  readonly conditions: (string | undefined)[];
}

let clinic: TestClinic;
let server: Server;
let outside: Outside;

beforeAll(async () => {
  clinic = await startClinic();
  server = createServer((request, response) => {
    const { conditions, status, body, etag, location } = outside;
    conditions.push(request.headers['if-none-match']);
    const isKnown = etag !== null && request.headers['if-none-match'] === etag;
    const headers = { ...(etag === null ? {} : { etag }), ...(location && { location }) };
    response.writeHead(isKnown ? 304 : status, headers).end(isKnown ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}, 120_000);
afterAll(async () => {
  server.close();
  await clinic.api.close();
});
beforeEach(() => {
  outside = { status: 200, body: calendar(), etag: null, conditions: [] };
});

function basic(instantMs: number): string {
  return new Date(instantMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

function calendar(...starts: readonly number[]): string {
  const events = starts.map((startMs) => [
    'BEGIN:VEVENT',
    `UID:${startMs}@outside.test`,
    `DTSTART:${basic(startMs)}`,
    'DURATION:PT1H',
    'SUMMARY:Chemotherapy with Dr. Quill',
    'LOCATION:Harbor Hospital',
    'END:VEVENT',
  ]);
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events.flat(), 'END:VCALENDAR', ''].join('\r\n');
}

/** A full hour in some days. */
function inDays(days: number): number {
  return Math.ceil((Date.now() + days * DAY_MS) / HOUR_MS) * HOUR_MS;
}

async function importFor(name: 'sarah' | 'maya' | 'ada', url?: string): Promise<string> {
  const { api, clinicId, ids } = clinic;
  const id = newId();
  const { port } = server.address() as AddressInfo;
  await api.knex.transaction(async (trx) => {
    const address = url ?? `http://calendar.test:${port}/private-8c1f.ics`;
    const sourceUrl = await api.deps.cipher.sealField(trx, sourceRef(id), address);
    const feed = { kind: 'import', sourceUrl, sourceHost: 'calendar.test' } as const;
    await insertFeed(trx, { id, clinicId, personId: ids[name], feed });
  });
  return id;
}

function read(feedId: string): Promise<CalendarReading> {
  const { cipher, knex } = clinic.api.deps;
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const outbound = createOutboundHttp({ allowPrivateHosts: true, resolve });
  return createCalendarActivities({ knex, cipher, outbound }).readCalendar({ feedId });
}

async function busyOf(name: 'sarah' | 'maya' | 'ada'): Promise<number[]> {
  const window = { startMs: Date.now(), endMs: Date.now() + 500 * DAY_MS };
  const busy = await findBusy(clinic.api.knex, clinic.ids[name], window);
  return busy.map(({ startMs }) => startMs).toSorted((a, b) => a - b);
}

async function shown(name: 'sarah' | 'maya' | 'ada', id: string): Promise<unknown> {
  const reply = await clinic.as<{ data: { id: string }[] }>(
    name,
    'GET',
    '/api/v1/calendar-feeds?limit=100',
  );
  return reply.body.data.find((feed) => feed.id === id);
}

async function change(id: string, facts: object): Promise<void> {
  await clinic.api.knex('calendar_feeds').where({ id }).update(facts);
}

describe('an imported calendar', () => {
  test('replaces its busy times, and nothing but times is kept', async () => {
    const [first, second, third] = [inDays(10), inDays(11), inDays(12)];
    outside.body = calendar(first, second);
    const id = await importFor('maya');
    expect(await shown('maya', id)).toMatchObject({ state: 'pending', lastFetchedAt: null });
    expect(await read(id)).toMatchObject({ kind: 'read' });
    expect(await busyOf('maya')).toEqual([first, second]);
    outside.body = calendar(second, third);
    await read(id);
    expect(await busyOf('maya')).toEqual([second, third]);
    expect(await shown('maya', id)).toMatchObject({ state: 'ok', lastError: null });
    const { knex } = clinic.api;
    const kept = [
      await knex('calendar_feeds').where({ id }),
      await knex('external_busy').where({ feed_id: id }),
      await knex('audit_entries').where({ object_id: id }),
      await shown('maya', id),
    ];
    expect(JSON.stringify(kept)).not.toMatch(/quill|chemo|hospital|private-8c1f/i);
    await clinic.as('maya', 'DELETE', `/api/v1/calendar-feeds/${id}`);
  });

  test('stops to count when it is revoked, also by a reading that was under way', async () => {
    outside.body = calendar(inDays(10));
    const id = await importFor('maya');
    await read(id);
    expect(await busyOf('maya')).toHaveLength(1);
    const path = `/api/v1/calendar-feeds/${id}`;
    const reading = read(id);
    const revoked = await clinic.as('maya', 'DELETE', path);
    expect(revoked.status).toBe(204);
    await reading;
    expect(await busyOf('maya')).toEqual([]);
    expect(await read(id)).toEqual({ kind: 'gone' });
    const row = await clinic.api.knex('calendar_feeds').where({ id }).first();
    expect(row.source_url).toBeNull();
  });

  test('is asked whether it has changed, and read in full once a day all the same', async () => {
    outside = { ...outside, body: calendar(inDays(10)), etag: '"7"' };
    const id = await importFor('maya');
    await read(id);
    expect(await read(id)).toMatchObject({ kind: 'unchanged' });
    expect(await busyOf('maya')).toHaveLength(1);
    await change(id, { read_in_full_at: new Date(Date.now() - 22 * HOUR_MS) });
    expect(await read(id)).toMatchObject({ kind: 'read' });
    expect(outside.conditions).toEqual([undefined, '"7"', undefined]);
    await clinic.as('maya', 'DELETE', `/api/v1/calendar-feeds/${id}`);
  });

  test.each([
    [{ status: 404 }, 'not_found'],
    [{ status: 403 }, 'access_denied'],
    [{ status: 500 }, 'server_error'],
    [{ status: 204 }, 'unreadable'],
    [{ body: '<!doctype html>' }, 'not_a_calendar'],
    [{ body: calendar(1_900_000_000_000).slice(0, -40) }, 'not_a_calendar'],
    [{ body: 'x'.repeat(6 * 1024 * 1024) }, 'too_large'],
    [{ status: 302, location: 'file:///etc/passwd' }, 'bad_address'],
  ])('that fails keeps its busy times and says why: %#', async (answer, lastError) => {
    outside.body = calendar(inDays(10));
    const id = await importFor('maya');
    await read(id);
    Object.assign(outside, answer);
    expect(await read(id)).toMatchObject({ kind: 'failed' });
    expect(await busyOf('maya')).toHaveLength(1);
    expect(await shown('maya', id)).toMatchObject({ state: 'failing', lastError });
    await clinic.as('maya', 'DELETE', `/api/v1/calendar-feeds/${id}`);
  });

  test('that has failed for two days no longer counts, and counts again when it is back', async () => {
    outside = { ...outside, body: calendar(inDays(10)), etag: '"1"' };
    const id = await importFor('maya');
    await read(id);
    outside.status = 500;
    outside.etag = null;
    await change(id, { failing_since: new Date(Date.now() - 47 * HOUR_MS) });
    await read(id);
    expect(await busyOf('maya')).toHaveLength(1);
    await change(id, { failing_since: new Date(Date.now() - 49 * HOUR_MS) });
    const failed = await read(id);
    expect(failed).toMatchObject({ kind: 'failed' });
    expect('nextInMs' in failed && failed.nextInMs).toBeGreaterThan(HOUR_MS);
    expect(await busyOf('maya')).toEqual([]);
    outside.status = 200;
    outside.etag = '"1"';
    expect(await read(id)).toMatchObject({ kind: 'read' });
    expect(await busyOf('maya')).toHaveLength(1);
    await clinic.as('maya', 'DELETE', `/api/v1/calendar-feeds/${id}`);
  });

  test('never reaches a private host', async () => {
    const { port } = server.address() as AddressInfo;
    const id = await importFor('maya', `https://localhost:${port}/`);
    const { cipher, knex } = clinic.api.deps;
    const outbound = createOutboundHttp({ allowPrivateHosts: false });
    await createCalendarActivities({ knex, cipher, outbound }).readCalendar({ feedId: id });
    expect(await shown('maya', id)).toMatchObject({ lastError: 'blocked_address' });
    expect(outside.conditions).toEqual([]);
    await clinic.as('maya', 'DELETE', `/api/v1/calendar-feeds/${id}`);
  });

  test('of which two readings run at once leaves each time once', async () => {
    outside.body = calendar(inDays(10), inDays(11));
    const id = await importFor('maya');
    await Promise.all([read(id), read(id), read(id)]);
    expect(await busyOf('maya')).toHaveLength(2);
    await clinic.as('maya', 'DELETE', `/api/v1/calendar-feeds/${id}`);
  });
});

describe('busy times of an outside calendar', () => {
  interface Slot {
    readonly start_time: string;
    readonly starts_at: string;
    readonly reason?: string;
  }

  async function slotsOf(date: string): Promise<Slot[]> {
    const days = `start_date=${date}&end_date=${date}&session_type=individual&duration=50`;
    const path = `/api/therapy/therapists/${clinic.ids.sarah}/availability?${days}`;
    const reply = await clinic.as<{ data: { availability: Record<string, Slot[]> } }>(
      'ada',
      'GET',
      path,
    );
    return reply.body.data.availability[date] ?? [];
  }

  function tuesday(): string {
    let at = Date.now() + 5 * DAY_MS;
    while (new Date(`${localDateOf(ZONE, at)}T00:00:00Z`).getUTCDay() !== 2) at += DAY_MS;
    return localDateOf(ZONE, at);
  }

  test('block slots and bookings, and leave sessions alone', async () => {
    const date = tuesday();
    const free = await slotsOf(date);
    const wanted = free.find((slot) => slot.start_time === '14:00')!;
    const startsAt = new Date(wanted.starts_at);
    const endsAt = new Date(startsAt.getTime() + 50 * 60_000);
    const booked = await insertSession(clinic, { status: 'confirmed', startsAt, endsAt });
    const before = await clinic.api.knex('sessions').where({ id: booked }).first();

    outside.body = calendar(startsAt.getTime());
    const id = await importFor('sarah');
    await read(id);
    const taken = (await slotsOf(date)).filter((slot) => slot.reason === 'booked');
    expect(taken.map((slot) => slot.start_time)).toEqual(['13:30', '14:00', '14:30']);
    const refused = await clinic.as('ada', 'POST', '/api/therapy/sessions/book', {
      therapist_id: clinic.ids.sarah,
      session_type: 'individual',
      scheduled_at: wanted.starts_at,
      duration: 50,
      session_format: 'video',
    });
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      409,
      expect.stringMatching(/slot_unavailable/i),
    ]);
    expect(await clinic.api.knex('sessions').where({ id: booked }).first()).toEqual(before);
    await clinic.as('sarah', 'DELETE', `/api/v1/calendar-feeds/${id}`);
    expect((await slotsOf(date)).map(({ reason }) => reason)).not.toContain('booked');
  });

  test('are found by the index of the person and the time', async () => {
    const { knex } = clinic.api;
    await knex.raw('ANALYZE external_busy');
    const { rows } = await knex.transaction(async (trx) => {
      await trx.raw('SET LOCAL enable_seqscan = off');
      return trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(
        `EXPLAIN SELECT FROM external_busy WHERE person_id = ? AND during && tstzrange(now(), now())`,
        [clinic.ids.sarah],
      );
    });
    expect(rows.map((row) => row['QUERY PLAN']).join()).toContain('external_busy_by_person');
  });
});
