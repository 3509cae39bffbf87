import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { localDateOf } from '../../../domain/local-time.ts';
import { claim, insertSession, startClinic } from '../own/clinic.ts';
import type { TestClinic } from '../own/clinic.ts';

const DAY_MS = 86_400_000;
const ZONE = 'America/New_York';
let clinic: TestClinic;

interface Slot {
  start_time: string;
  end_time: string;
  starts_at: string;
  available: boolean;
  session_type?: string;
  reason?: string;
}

interface Availability {
  data: { therapist_id: string; timezone: string; availability: Record<string, Slot[]> };
}

beforeAll(async () => {
  clinic = await startClinic();
});

afterAll(() => clinic.api.close());

function address(therapistId: string, query: Record<string, string>): string {
  return `/api/therapy/therapists/${therapistId}/availability?${new URLSearchParams(query)}`;
}

async function availability(
  therapist: 'sarah' | 'jonas' | 'maya',
  query: Record<string, string> = {},
): Promise<Availability['data']> {
  const path = address(clinic.ids[therapist], query);
  const reply = await clinic.as<Availability>('ada', 'GET', path);
  expect(reply.status).toBe(200);
  return reply.body.data;
}

/** The next Tuesday that is at least five days off, as a date in the zone. */
function tuesday(): string {
  let at = Date.now() + 5 * DAY_MS;
  while (new Date(`${localDateOf(ZONE, at)}T00:00:00Z`).getUTCDay() !== 2) at += DAY_MS;
  return localDateOf(ZONE, at);
}

test('slots stand under local dates at local times, and only of the days asked for', async () => {
  const date = tuesday();
  const data = await availability('sarah', {
    start_date: date,
    end_date: date,
    session_type: 'individual',
  });
  expect(data).toMatchObject({ therapist_id: clinic.ids.sarah, timezone: ZONE });
  expect(Object.keys(data.availability)).toEqual([date]);
  const slots = data.availability[date]!;
  expect(slots[0]).toMatchObject({
    start_time: '09:00',
    end_time: '09:50',
    available: true,
    session_type: 'individual',
  });
  expect(slots.map((slot) => slot.start_time)).not.toContain('11:30');
  expect(slots.at(-1)).toMatchObject({ start_time: '17:00', end_time: '17:50' });
});

test('what is taken or off says so, with the reason', async () => {
  const { api, ids } = clinic;
  const date = tuesday();
  const dates = { start_date: date, end_date: date };
  const free = (await availability('sarah', dates)).availability[date]!;
  const at = (time: string): Slot => free.find((slot) => slot.start_time === time)!;
  const booked = new Date(at('14:00').starts_at);
  const sessionId = await insertSession(clinic, {
    startsAt: booked,
    endsAt: new Date(booked.getTime() + 50 * 60_000),
  });
  // As booking claims it: the therapist's buffer of ten minutes is part of the claim.
  await claim(clinic, ids.sarah, sessionId, booked, new Date(booked.getTime() + 60 * 60_000));
  const elsewhere = new Date(at('16:00').starts_at);
  await claim(clinic, ids.ada, sessionId, elsewhere, new Date(elsewhere.getTime() + 30 * 60_000));
  await api.knex('availability_exceptions').insert({
    id: sessionId,
    therapist_id: ids.sarah,
    kind: 'time_off',
    start_date: date,
    end_date: date,
    start_minute: 9 * 60,
    end_minute: 10 * 60,
  });
  const slots = (await availability('sarah', dates)).availability[date]!;
  const reasons = Object.fromEntries(slots.map((slot) => [slot.start_time, slot.reason]));
  expect(reasons).toMatchObject({
    '09:00': 'time_off',
    '09:30': 'time_off',
    '10:00': undefined,
    '13:00': undefined,
    '13:30': 'booked',
    '14:00': 'booked',
    '14:30': 'booked',
    '15:00': undefined,
    '15:30': 'client_busy',
    '16:00': 'client_busy',
    '16:30': undefined,
  });
  expect(slots.every((slot) => slot.available === (slot.reason === undefined))).toBe(true);
});

test('only a length that the therapist offers has slots', async () => {
  const date = tuesday();
  const query = { start_date: date, end_date: date, duration: '90' };
  const slots = (await availability('maya', query)).availability[date]!;
  expect(slots[0]).toMatchObject({ start_time: '10:00', end_time: '11:30' });
  const none = await availability('sarah', { ...query, duration: '45' });
  expect(none.availability).toEqual({});
  const unknownType = await availability('maya', { ...query, session_type: 'group' });
  expect(unknownType.availability).toEqual({});
});

test('without dates it is the coming week in the therapist’s own zone', async () => {
  const { availability: days, timezone } = await availability('jonas');
  expect(timezone).toBe('Europe/Berlin');
  const dates = Object.keys(days).toSorted();
  expect(dates[0]! >= localDateOf('Europe/Berlin', Date.now())).toBe(true);
  expect(dates.at(-1)! <= localDateOf('Europe/Berlin', Date.now() + 7 * DAY_MS)).toBe(true);
});

test.each([
  [{ start_date: '25.01.2024' }, 'start_date'],
  [{ start_date: '2024-02-30' }, 'start_date'],
  [{ start_date: '2024-02-02', end_date: '2024-02-01' }, 'end_date'],
  [{ start_date: '2024-02-02', end_date: '2025-02-01' }, 'end_date'],
  [{ end_date: '2001-01-01' }, 'end_date'],
  [{ duration: '0' }, 'duration'],
])('%j is refused by name', async (query, field) => {
  const path = address(clinic.ids.sarah, query as Record<string, string>);
  const reply = await clinic.as('ada', 'GET', path);
  expect(reply.status).toBe(400);
  expect(reply.body).toMatchObject({
    success: false,
    error: { code: 'malformed_request', fields: [{ field }] },
  });
});

test.each(['nobody', 'prof_456'])('an unknown therapist is not found: %s', async (id) => {
  const path = id === 'nobody' ? address(clinic.ids.ada, {}) : address(id, {});
  const reply = await clinic.as('ada', 'GET', path);
  expect([400, 404]).toContain(reply.status);
  expect(reply.body).toMatchObject({ success: false });
  const foreign = await clinic.as('stranger', 'GET', address(clinic.ids.sarah, {}));
  expect(foreign.status).toBe(404);
});
