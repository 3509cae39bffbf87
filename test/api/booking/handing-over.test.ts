import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { addClient } from '../../support/stack-people.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
import { until } from '../../support/until.ts';
import {
  type Meeting,
  type Pair,
  ROOMY_PLAN,
  addPair,
  booked,
  cancel,
  confirmed,
  everything,
  iso,
  noon,
  post,
  put,
  refused,
  relate,
  setBookingPlan,
} from './booking-world.ts';

const HOUR_MS = 3_600_000;

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

describe('another therapist', () => {
  test('is for staff to choose, of whom the patient must be a client and who must be free', async () => {
    const pair = await addPair(stack);
    const next = await addPair(stack, { buffer_after_minutes: 30 });
    const staff = await stack.api.person({ role: 'staff' });
    const meeting = await confirmed(stack, pair, noon(10), { title: 'Ours' });
    const handOver = { therapistId: next.therapist.id };
    const before = await everything(stack);
    expect(await refused(put(stack, meeting, pair.client, handOver))).toBe(403);
    expect(await refused(put(stack, meeting, pair.therapist, handOver))).toBe(403);
    expect(await refused(put(stack, meeting, staff, handOver))).toBe(403);
    expect(await refused(put(stack, meeting, staff, { therapistId: 'nobody' }))).toBe(404);
    expect(await everything(stack)).toEqual(before);

    await relate(stack, { client: pair.client, therapist: next.therapist });
    const inTheWay = await booked(stack, next, noon(10) - HOUR_MS);
    const held = await everything(stack);
    expect(await refused(put(stack, meeting, staff, handOver))).toBe(400);
    expect(await everything(stack)).toEqual(held);
    await cancel(stack, inTheWay, next.client);

    const { body } = await put(stack, meeting, staff, handOver);
    expect(body).toMatchObject({ ...handOver, status: 'CONFIRMED', startTime: iso(noon(10)) });
    // The former one is free again; the new one is taken, with her own buffer.
    await booked(stack, { ...pair, client: await related(pair) }, noon(10));
    expect(await refused(post(stack, next, noon(10) + HOUR_MS))).toBe(400);
    await booked(stack, next, noon(10) + 1.5 * HOUR_MS);
    const read = (token: string) =>
      stack.api.call<Meeting>('GET', `/booking/meetings/${meeting.id}`, undefined, { token });
    expect(await refused(read(pair.therapist.token))).toBe(403);
    expect((await read(next.therapist.token)).body).toMatchObject({ title: 'Ours' });
  });

  test('and another time come together, whatever the old pair of them would say', async () => {
    const pair = await addPair(stack);
    const next = await addPair(stack);
    const staff = await stack.api.person({ role: 'staff' });
    await relate(stack, { client: pair.client, therapist: next.therapist });
    const meeting = await booked(stack, pair, noon(10));
    await booked(stack, { ...pair, client: await related(pair) }, noon(11));
    await booked(stack, next, noon(10));
    const wish = { therapistId: next.therapist.id, startTime: iso(noon(11)) };
    const { body } = await put(stack, meeting, staff, wish);
    expect(body).toMatchObject({ ...wish, status: 'SCHEDULED' });
    const approved = await put(stack, meeting, next.therapist, { status: 'CONFIRMED' });
    expect(approved.body.status).toBe('CONFIRMED');
  });

  test('leaves the former one’s time to those who wait for it', async () => {
    const pair = await addPair(stack);
    const next = await addPair(stack);
    const staff = await stack.api.person({ role: 'staff' });
    await relate(stack, { client: pair.client, therapist: next.therapist });
    const meeting = await confirmed(stack, pair, noon(10));
    await stack.api.knex('waitlist_wishes').insert({
      id: newId(),
      clinic_id: stack.api.clinicId,
      client_id: (await related(pair)).id,
      therapist_id: pair.therapist.id,
      session_type: 'individual',
      format: 'video',
      duration_minutes: 60,
      time_zone: 'UTC',
      from_date: iso(noon(1)).slice(0, 10),
      until_date: iso(noon(20)).slice(0, 10),
      start_minute: 0,
      end_minute: 1_440,
      notice_minutes: 0,
    });
    await put(stack, meeting, staff, { therapistId: next.therapist.id });
    const vacancies = (): Promise<Date[]> =>
      stack.api.knex('vacancies').where({ therapist_id: pair.therapist.id }).pluck('starts_at');
    await until(async () => (await vacancies()).length > 0);
    expect(await vacancies()).toEqual([new Date(noon(10))]);
  }, 120_000);

  async function related({ therapist }: Pair): Promise<Pair['client']> {
    const client = await addClient(stack.api);
    await relate(stack, { client, therapist });
    return client;
  }
});
