import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import type { TestPerson } from '../support/api.ts';
import { addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';

const DAY_MS = 86_400_000;

/** What the page of the client holds between two renders, in the order of its hooks. */
let cells: unknown[] = [];
let next = 0;
let token = '';

jest.unstable_mockModule(
  'react',
  () => ({
    useState: (first: unknown) => {
      const at = next++;
      if (!(at in cells)) cells[at] = first;
      const set = (value: unknown): void => {
        cells[at] = typeof value === 'function' ? value(cells[at]) : value;
      };
      return [cells[at], set];
    },
    useEffect: () => undefined,
  }),
  { virtual: true },
);
jest.unstable_mockModule(
  '@clerk/nextjs',
  () => ({ useAuth: () => ({ getToken: async () => token }) }),
  { virtual: true },
);
const { useBooking } = await import('./use-booking.js');

function render(): ReturnType<typeof useBooking> {
  next = 0;
  return useBooking();
}

let server: TestWorkflowEnvironment;
let stack: Stack;
let therapist: TestPerson;
let client: TestPerson;
const realFetch = globalThis.fetch;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startWorker();
  therapist = await addTherapist(stack.api, {
    durations_minutes: [50, 30, 60, 90, 120],
    time_zone: 'America/New_York',
  });
  client = await addClient(stack.api);
  await stack.api.knex('relationships').insert({
    id: newId(),
    clinic_id: stack.api.clinicId,
    therapist_id: therapist.id,
    client_id: client.id,
  });
  // A page asks the host that it came from.
  globalThis.fetch = (path, init) => realFetch(new URL(String(path), stack.api.url), init);
});

afterAll(async () => {
  globalThis.fetch = realFetch;
  await stack.close();
  await server.teardown();
});

describe('the published hook, as it is', () => {
  test('shows slots, books one, and cancels it', async () => {
    cells = [];
    token = client.token;
    const date = new Date(Date.now() + 10 * DAY_MS).toISOString().slice(0, 10);
    const slots = await render().getAvailableSlots(therapist.id, date);
    expect(render().availableSlots).toEqual(slots);
    expect(slots).toHaveLength(48);
    expect(slots[0]!.availableDurations).toEqual(
      [30, 60, 90, 120].map((duration) => ({
        id: String(duration),
        name: `${duration} minutes`,
        duration,
      })),
    );

    const wish = {
      title: 'Weekly Therapy Session',
      description: 'Regular therapy session to discuss anxiety management',
      startTime: slots[20]!.startTime,
      duration: 60,
      meetingType: 'video',
      therapistId: therapist.id,
    };
    const booked = await render().bookMeeting(wish);
    expect(booked).toMatchObject({
      ...wish,
      status: 'SCHEDULED',
      meetingUrl: null,
      clientId: client.id,
      client: { user: { firstName: 'Test', lastName: 'Person', email: client.email } },
      therapist: { user: { firstName: 'Test', lastName: 'Person', email: therapist.email } },
    });
    expect(render().meetings).toEqual([booked]);

    // What waits for the therapist is taken: neither shown nor booked a second time.
    const left = await render().getAvailableSlots(therapist.id, date);
    // The ten minutes after a session are the therapist's own.
    const around = left.filter(({ startTime }) =>
      slots.slice(17, 24).some((slot) => slot.startTime === startTime),
    );
    expect(
      around.map(({ startTime, availableDurations }) => [
        slots.findIndex((slot) => slot.startTime === startTime),
        availableDurations.map(({ duration }) => duration),
      ]),
    ).toEqual([
      [17, [30, 60]],
      [18, [30]],
      [23, [30, 60, 90, 120]],
    ]);
    await expect(render().bookMeeting(wish)).rejects.toThrow('Failed to book meeting');

    await expect(render().cancelMeeting(booked.id)).resolves.toBe(true);
    expect(render().meetings).toMatchObject([{ id: booked.id, status: 'CANCELLED' }]);
    await expect(render().cancelMeeting(booked.id)).rejects.toThrow('Failed to cancel meeting');
    expect(await render().getAvailableSlots(therapist.id, date)).toEqual(slots);
  });

  test('fails as it says it does', async () => {
    cells = [];
    token = client.token;
    await expect(render().getAvailableSlots(therapist.id, 'today')).rejects.toThrow(
      'Failed to fetch available slots',
    );
    token = 'nobody';
    await expect(render().getAvailableSlots(therapist.id, '2031-01-06')).rejects.toThrow(
      'Failed to fetch available slots',
    );
    await expect(render().bookMeeting({})).rejects.toThrow('Failed to book meeting');
  });
});
