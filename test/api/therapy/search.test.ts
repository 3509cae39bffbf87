import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { localDateOf, localTimeOf } from '../../../domain/local-time.ts';
import { claim, insertSession, startClinic } from '../own/clinic.ts';
import type { TestClinic } from '../own/clinic.ts';

const DAY_MS = 86_400_000;
let clinic: TestClinic;

interface Found {
  therapist_id: string;
  display_name: string;
  rating: number | null;
  session_rates: Record<string, number>;
  next_available: string | null;
  available_slots: { start_time: string; end_time: string; session_type: string }[];
}

interface Page {
  success: boolean;
  data: { therapists: Found[]; total_results: number; page: number; per_page: number };
}

beforeAll(async () => {
  clinic = await startClinic();
});

afterAll(() => clinic.api.close());

async function search(query: Record<string, string> = {}): Promise<Page['data']> {
  const address = `/api/therapy/therapists/search?${new URLSearchParams(query)}`;
  const reply = await clinic.as<Page>('ada', 'GET', address);
  expect(reply.body).toMatchObject({ success: true });
  return reply.body.data;
}

async function names(query: Record<string, string>): Promise<string[]> {
  return (await search(query)).therapists.map((therapist) => therapist.display_name).toSorted();
}

const SARAH = 'Dr. Sarah Johnson, LCSW';
const JONAS = 'Dr. Jonas Weber';
const MAYA = 'Maya Lindqvist, PsyD';

/** A week that lies whole in the future, in a zone's own dates. */
function nextWeek(zone = 'UTC'): string {
  const start = Date.now() + 3 * DAY_MS;
  return `${localDateOf(zone, start)},${localDateOf(zone, start + 6 * DAY_MS)}`;
}

describe('filters', () => {
  test.each<[Record<string, string>, string[]]>([
    [{ specialization: 'anxiety' }, [SARAH, MAYA]],
    [{ specialization: 'ANXIETY', insurance: 'aetna' }, [SARAH]],
    [{ specialization: 'anxiety', insurance: 'Nobody' }, []],
    [{ insurance: 'Aetna', session_type: 'individual' }, [JONAS, SARAH]],
    [{ language: 'de' }, [JONAS]],
    [{ session_type: 'couples' }, [MAYA]],
    [{ session_type: 'individual', duration: '120' }, [JONAS, SARAH]],
    [{ session_type: 'individual', max_rate: '149.99' }, [JONAS]],
    [{ session_type: 'individual', min_rating: '4.8' }, [SARAH]],
    [{ session_type: 'individual', specialization: '' }, [JONAS, SARAH, MAYA]],
  ])('%j', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test('nobody finds a therapist of another clinic, an unverified or suspended one', async () => {
    const { api, ids } = clinic;
    expect(
      (await clinic.as<Page>('stranger', 'GET', '/api/therapy/therapists/search')).body.data,
    ).toMatchObject({ therapists: [], total_results: 0 });
    await api
      .knex('therapist_profiles')
      .where({ person_id: ids.sarah })
      .update({ verified_at: null });
    await api.knex('people').where({ id: ids.maya }).update({ suspended_at: new Date() });
    await api
      .knex('therapist_profiles')
      .where({ person_id: ids.quinn })
      .update({ accepts_clients: false });
    expect(await names({})).toEqual([JONAS]);
    await api.knex('therapist_profiles').update({ verified_at: new Date(), accepts_clients: true });
    await api.knex('people').update({ suspended_at: null });
  });
});

test('the published query gives what the page publishes', async () => {
  const range = nextWeek('America/New_York');
  const data = await search({
    specialization: 'anxiety',
    session_type: 'individual',
    date_range: range,
    timezone: 'America/New_York',
    insurance: 'Aetna',
    language: 'en',
  });
  expect(data).toMatchObject({ total_results: 1, page: 1, per_page: 10 });
  const [sarah] = data.therapists;
  expect(sarah).toMatchObject({
    therapist_id: clinic.ids.sarah,
    specializations: ['anxiety', 'depression', 'trauma'],
    rating: 4.9,
    total_sessions: 1250,
    session_rates: { individual: 150, group: 75 },
    insurance_accepted: ['Aetna', 'BlueCross'],
    languages: ['en', 'es'],
  });
  expect(sarah!.next_available).toBe(sarah!.available_slots[0]!.start_time);
  for (const slot of sarah!.available_slots) {
    const startMs = Date.parse(slot.start_time);
    expect(slot.start_time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
    expect(Date.parse(slot.end_time) - startMs).toBe(50 * 60_000);
    expect(localTimeOf('America/New_York', startMs) >= '09:00').toBe(true);
    expect(localTimeOf('America/New_York', startMs) < '18:00').toBe(true);
    const [from = '', to = ''] = range.split(',');
    const date = localDateOf('America/New_York', startMs);
    expect(date >= from && date <= to).toBe(true);
  }
});

test('a claim takes the slot away, with its buffer; a hold that ran out gives it back', async () => {
  const { api, ids } = clinic;
  const query = { session_type: 'individual', language: 'es', date_range: nextWeek() };
  const before = (await search(query)).therapists[0]!.available_slots;
  const taken = before[3]!;
  const time = { startsAt: taken.start_time, endsAt: taken.end_time };
  const sessionId = await insertSession(clinic, time);
  await claim(clinic, ids.sarah, sessionId, time.startsAt, time.endsAt);
  const starts = (await search(query)).therapists[0]!.available_slots.map((s) => s.start_time);
  expect(starts).not.toContain(taken.start_time);
  expect(starts).toContain(before[0]!.start_time);
  await api.knex('claims').update({ expires_at: new Date(Date.now() - 1_000) });
  const again = (await search(query)).therapists[0]!.available_slots;
  expect(again).toEqual(before);
  await api.knex('claims').delete();
});

test("the caller's own appointments take slots away too", async () => {
  const { api, ids } = clinic;
  const query = { session_type: 'individual', language: 'es', date_range: nextWeek() };
  const [first] = (await search(query)).therapists[0]!.available_slots;
  const time = { startsAt: first!.start_time, endsAt: first!.end_time };
  const sessionId = await insertSession(clinic, time);
  await claim(clinic, ids.ada, sessionId, time.startsAt, time.endsAt);
  expect((await search(query)).therapists[0]!.next_available).not.toBe(first!.start_time);
  await api.knex('claims').delete();
});

test('pages hold every therapist once, and a page beyond the end is empty', async () => {
  const pages = await Promise.all(
    ['1', '2', '3'].map((page) => search({ session_type: 'individual', page, per_page: '1' })),
  );
  const ids = pages.flatMap((page) => page.therapists.map((one) => one.therapist_id));
  expect(new Set(ids).size).toBe(3);
  const beyond = await search({ session_type: 'individual', page: '9', per_page: '2' });
  expect(beyond).toEqual({ therapists: [], total_results: 3, page: 9, per_page: 2 });
});

test.each([
  ['date_range', '2024-01-25'],
  ['date_range', '2024-02-30,2024-03-02'],
  ['date_range', '2024-02-02,2024-02-01'],
  ['date_range', '2024-01-01,2024-12-01'],
  ['timezone', 'Mars/Olympus'],
  ['page', '0'],
  ['page', 'one'],
  ['per_page', '1000'],
  ['session_type', "individual' OR 1=1"],
])('%s=%s is refused by name', async (field, value) => {
  const query = new URLSearchParams({ [field]: value });
  const reply = await clinic.as('ada', 'GET', `/api/therapy/therapists/search?${query}`);
  expect(reply.status).toBe(400);
  expect(reply.body).toMatchObject({
    success: false,
    error: { code: 'malformed_request', fields: [{ field }] },
  });
});
