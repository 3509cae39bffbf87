import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { localDateOf, minuteOfDayAt, offsetMsAt } from '../../../domain/local-time.ts';
import type { TestPerson } from '../../support/api.ts';
import { addTherapist } from '../../support/stack-people.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
import {
  ROOMY_PLAN,
  addPair,
  booked,
  cancel,
  iso,
  noon,
  post,
  refused,
  relate,
  setBookingPlan,
} from './booking-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const DURATIONS = [30, 60, 90, 120];

interface ShownSlot {
  readonly startTime: string;
  readonly availableDurations: readonly { readonly duration: number }[];
}

let server: TestWorkflowEnvironment;
let stack: Stack;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await setBookingPlan(stack, ROOMY_PLAN);
  await stack.startWorker();
});

afterAll(async () => {
  await stack.close();
  await server.teardown();
});

async function slotsOf(therapist: TestPerson, date: string, by: TestPerson): Promise<ShownSlot[]> {
  const query = `therapistId=${therapist.id}&date=${date}`;
  const { status, body } = await stack.api.call<ShownSlot[]>(
    'GET',
    `/api/booking/slots?${query}`,
    undefined,
    { token: by.token },
  );
  expect([status, body]).toEqual([200, expect.any(Array)]);
  return body;
}

/** `start duration` of everything that is offered. */
function offers(slots: readonly ShownSlot[]): string[] {
  return slots.flatMap(({ startTime, availableDurations }) =>
    availableDurations.map(({ duration }) => `${startTime} ${duration}`),
  );
}

/** The days of the next year on which a zone's clocks change. */
function changeDays(zone: string): string[] {
  const days: string[] = [];
  for (let at = noon(2); at < noon(380); at += DAY_MS) {
    if (offsetMsAt(zone, at) !== offsetMsAt(zone, at - DAY_MS)) days.push(localDateOf(zone, at));
  }
  return days;
}

/** Every half hour that the zone's clocks show on a date, found minute by minute. */
function halfHours(zone: string, date: string): string[] {
  const starts: string[] = [];
  const from = Date.parse(date) - DAY_MS;
  for (let at = from; at < from + 3 * DAY_MS; at += MINUTE_MS) {
    const isOnGrid = minuteOfDayAt(zone, at) % 30 === 0;
    if (isOnGrid && localDateOf(zone, at) === date) starts.push(iso(at));
  }
  return starts;
}

describe('slots', () => {
  test('are just what can be booked, on a crowded day', async () => {
    const pair = await addPair(stack, {
      buffer_after_minutes: 10,
      durations_minutes: [50, 30, 60, 120],
    });
    const { client, therapist } = pair;
    const { knex } = stack.api;
    const day = new Date(noon(10)).getUTCDay();
    await knex('availability_rules').where({ therapist_id: therapist.id }).delete();
    const hours = [
      [540, 735],
      [780, 1_440],
    ] as const;
    await knex('availability_rules').insert(
      hours.map(([start_minute, end_minute]) => ({
        id: newId(),
        therapist_id: therapist.id,
        day_of_week: day,
        start_minute,
        end_minute,
      })),
    );
    const other = await addTherapist(stack.api, { durations_minutes: [50, 30, 60, 90, 120] });
    await relate(stack, { client, therapist: other });
    // A meeting of the client's with somebody else, and one of hers with the therapist.
    await booked(stack, { client, therapist: other }, noon(10) + 6 * HOUR_MS, { duration: 30 });
    await booked(stack, pair, noon(10) + 3 * HOUR_MS);
    const date = iso(noon(10)).slice(0, 10);
    const shown = offers(await slotsOf(therapist, date, client));
    expect(shown.length).toBeGreaterThan(20);

    const bookable: string[] = [];
    for (let at = Date.parse(date); at < Date.parse(date) + DAY_MS; at += 30 * MINUTE_MS) {
      for (const duration of DURATIONS) {
        const { status, body } = await post(stack, pair, at, { duration });
        expect([201, 400]).toContain(status);
        if (status !== 201) continue;
        bookable.push(`${iso(at)} ${duration}`);
        expect((await cancel(stack, body, client)).status).toBe(200);
      }
    }
    expect(shown).toEqual(bookable);
    // The therapist sees her own calendar, whatever else the client has to do.
    expect(offers(await slotsOf(therapist, date, therapist)).length).toBeGreaterThan(shown.length);
  }, 120_000);

  test.each(['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Chatham'])(
    'on the days when clocks change in %s are the half hours of its clocks',
    async (zone) => {
      const pair = await addPair(stack, { time_zone: zone });
      const days = changeDays(zone);
      expect(days).toHaveLength(2);
      for (const date of days) {
        const slots = await slotsOf(pair.therapist, date, pair.client);
        expect(slots.map(({ startTime }) => startTime)).toEqual(halfHours(zone, date));
        for (const at of [3, 7]) {
          const start = Date.parse(slots[at]!.startTime);
          await booked(stack, pair, start, { duration: 60 });
        }
        const left = await slotsOf(pair.therapist, date, pair.client);
        const gone = new Set(slots.map(({ startTime }) => startTime));
        for (const { startTime } of left) gone.delete(startTime);
        const hours = [3, 7].map((at) => Date.parse(slots[at]!.startTime));
        for (const start of gone) {
          const ms = Date.parse(start);
          expect(hours.some((hour) => ms >= hour && ms < hour + HOUR_MS)).toBe(true);
        }
        expect(gone.size).toBeGreaterThanOrEqual(hours.length);
      }
    },
  );

  test('are none where the client has reached a limit, the therapist is unknown, or offers none', async () => {
    const pair = await addPair(stack);
    const date = iso(noon(10)).slice(0, 10);
    const short = await addTherapist(stack.api, { durations_minutes: [50] });
    expect(await slotsOf(short, date, pair.client)).toEqual([]);
    const get = (query: string): ReturnType<Stack['api']['call']> =>
      stack.api.call('GET', `/booking/slots?${query}`, undefined, { token: pair.client.token });
    expect(await refused(get(`therapistId=therapist_456&date=${date}`))).toBe(404);
    expect(await refused(get(`therapistId=${pair.client.id}&date=${date}`))).toBe(404);
    for (const bad of ['2031-02-30', '31-02-2031', '']) {
      expect(await refused(get(`therapistId=${pair.therapist.id}&date=${bad}`))).toBe(400);
    }
    expect(await refused(get(`date=${date}`))).toBe(400);

    const limits = { maxOpenPerClient: 1_000, maxPerClientPerDay: 1 };
    const plan = JSON.stringify({ ...ROOMY_PLAN, limits });
    await stack.api.knex('policies').where({ door: 'booking' }).update({ plan });
    await booked(stack, pair, noon(10));
    expect(await slotsOf(pair.therapist, date, pair.client)).toEqual([]);
    expect(await refused(post(stack, pair, noon(10) + 4 * HOUR_MS))).toBe(400);
    const next = iso(noon(11)).slice(0, 10);
    expect((await slotsOf(pair.therapist, next, pair.client)).length).toBeGreaterThan(40);
  });
});

describe('weekly hours', () => {
  test('are made, changed, switched off and removed, and slots follow', async () => {
    const therapist = await stack.api.person({ isTherapist: true });
    const token = therapist.token;
    const call = (method: string, path: string, body?: unknown) =>
      stack.api.call(method, `/booking/availability${path}`, body, { token });
    const dayOfWeek = new Date(noon(10)).getUTCDay();
    const wish = { dayOfWeek, startTime: '09:00', endTime: '11:00', notes: 'Mornings' };
    const made = await call('POST', '', wish);
    expect([made.status, made.body]).toEqual([
      201,
      {
        ...wish,
        id: expect.any(String),
        therapistId: therapist.id,
        isAvailable: true,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
      },
    ]);
    const date = iso(noon(10)).slice(0, 10);
    const starts = async (): Promise<string[]> =>
      (await slotsOf(therapist, date, therapist)).map(({ startTime }) => startTime.slice(11, 16));
    expect(await starts()).toEqual(['09:00', '09:30', '10:00', '10:30']);
    for (const bad of [
      { ...wish, startTime: '10:30', endTime: '12:00' },
      { ...wish, startTime: '17:00', endTime: '09:00' },
      { ...wish, startTime: '25:00', endTime: '26:00' },
      { ...wish, startTime: '9:00' },
      { ...wish, dayOfWeek: 7 },
    ]) {
      expect(await refused(call('POST', '', bad))).toBe(400);
    }
    const path = `/${String(made.body['id'])}`;
    const moved = await call('PUT', path, { startTime: '10:00', endTime: '24:00' });
    expect(moved.body).toMatchObject({ startTime: '10:00', endTime: '24:00', notes: 'Mornings' });
    expect((await starts()).at(-1)).toBe('23:30');
    expect((await call('PUT', path, { isAvailable: false })).body).toMatchObject({
      isAvailable: false,
    });
    expect(await starts()).toEqual([]);
    expect((await call('DELETE', path)).body).toEqual({ success: true });
    expect(await refused(call('DELETE', path))).toBe(404);
  });
});
