import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { ROOMY_PLAN } from '../api/booking/booking-world.ts';
import { DESK_PLAN } from '../api/scheduling/desk.ts';
import type { TestPerson } from '../support/api.ts';
import { addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';

const MINUTE_MS = 60_000;
const HALF_HOUR_MS = 30 * MINUTE_MS;
const DAY_MS = 48 * HALF_HOUR_MS;
const NO_BUFFERS = { beforeMs: 0, afterMs: 0 };

type Body = Readonly<Record<string, unknown>> & { readonly error?: unknown };

interface Outcome {
  readonly status: number;
  readonly body: Body;
}

interface Wish {
  readonly client: TestPerson;
  readonly therapist: TestPerson;
  readonly startsAt: number;
}

/** Asks for an hour; each door has the time written in a way of its own. */
type Door = (wish: Wish) => Promise<Outcome>;

let server: TestWorkflowEnvironment;
let stack: Stack;
let staff: TestPerson;
let therapists: readonly TestPerson[];
let clients: readonly TestPerson[];

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server, { plan: { ...ROOMY_PLAN, buffers: NO_BUFFERS } });
  for (const [door, plan] of [
    ['booking', ROOMY_PLAN],
    ['scheduling', { ...DESK_PLAN, buffers: NO_BUFFERS }],
  ] as const) {
    const policy = { id: newId(), clinic_id: stack.api.clinicId, name: door, door };
    await stack.api.knex('policies').insert({ ...policy, plan: JSON.stringify(plan) });
  }
  staff = await stack.api.person({ role: 'staff' });
  const durations = { durations_minutes: [60] };
  therapists = [
    await addTherapist(stack.api, durations),
    await addTherapist(stack.api, { ...durations, time_zone: 'Asia/Kathmandu' }),
  ];
  clients = [await addClient(stack.api), await addClient(stack.api)];
  await stack.api.knex('relationships').insert(
    therapists.flatMap((therapist) =>
      clients.map((client) => ({
        id: newId(),
        clinic_id: stack.api.clinicId,
        therapist_id: therapist.id,
        client_id: client.id,
      })),
    ),
  );
}, 120_000);

afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** `2031-01-06T09:45:00`, as the clocks of the zone show it. */
function wallTime(zone: string, instantMs: number): string {
  const style = { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' } as const;
  return new Intl.DateTimeFormat('sv-SE', style).format(instantMs).replace(' ', 'T');
}

/** Its own offset, seconds and no zone in the text. */
function withOffset(instantMs: number): string {
  return new Date(instantMs + 330 * MINUTE_MS).toISOString().replace('.000Z', '+05:30');
}

function post(path: string, body: object, by: TestPerson): Promise<Outcome> {
  return stack.api.call<Body>('POST', path, body, { token: by.token });
}

const DOORS: Readonly<Record<'therapy' | 'booking' | 'scheduling' | 'series', Door>> = {
  therapy: ({ client, therapist, startsAt }) =>
    post(
      '/api/therapy/sessions/book',
      {
        therapist_id: therapist.id,
        session_type: 'individual',
        scheduled_at: withOffset(startsAt),
        duration: 60,
        timezone: 'America/New_York',
        session_format: 'video',
      },
      client,
    ),
  booking: ({ client, therapist, startsAt }) =>
    post(
      '/booking/meetings',
      {
        therapistId: therapist.id,
        startTime: new Date(startsAt).toISOString(),
        duration: 60,
        meetingType: 'video',
      },
      client,
    ),
  scheduling: ({ client, therapist, startsAt }) =>
    post(
      '/sessions/hold',
      {
        session: {
          therapist_id: therapist.id,
          client_id: client.id,
          start_time: wallTime('Asia/Kathmandu', startsAt),
          end_time: wallTime('Asia/Kathmandu', startsAt + 2 * HALF_HOUR_MS),
        },
        duration_minutes: 60,
        time_zone: 'Asia/Kathmandu',
      },
      staff,
    ),
  series: ({ client, therapist, startsAt }) => {
    const [date = '', time = ''] = wallTime('Pacific/Chatham', startsAt).split('T');
    const times = { timeZone: 'Pacific/Chatham', dates: [date], startTime: time.slice(0, 5) };
    const common = { clientId: client.id, sessionType: 'individual', format: 'video' };
    return post('/api/v1/series', { ...common, ...times, durationMinutes: 60 }, therapist);
  },
};

type Side = 'therapist' | 'client';

/** How each door says whose calendar stood in the way. */
function refusalOf(door: string, { status, body }: Outcome): unknown {
  if (door === 'booking') return [status, body['error']];
  const error = door === 'therapy' ? (body.error as Body) : body;
  return [status, error['code']];
}

const TAKEN: Readonly<Record<string, Readonly<Record<Side, unknown>>>> = {
  therapy: { therapist: [409, 'slot_unavailable'], client: [409, 'client_unavailable'] },
  booking: { therapist: [400, 'Bad Request'], client: [400, 'Bad Request'] },
  scheduling: { therapist: [409, 'slot_unavailable'], client: [409, 'client_unavailable'] },
  series: { therapist: [409, 'slot_unavailable'], client: [409, 'client_unavailable'] },
};

let days = 2;
const names = Object.keys(DOORS) as (keyof typeof DOORS)[];

test.each(names.flatMap((first) => names.map((second) => [first, second] as const)))(
  'what is booked at %s conflicts at %s',
  async (first, second) => {
    const [therapist, colleague] = therapists as [TestPerson, TestPerson];
    const [client, other] = clients as [TestPerson, TestPerson];
    days += 1;
    const startsAt = Math.floor(Date.now() / DAY_MS) * DAY_MS + days * DAY_MS + DAY_MS / 2;
    const booked = await DOORS[first]({ client, therapist, startsAt });
    expect([first, booked.status, booked.body]).toEqual([first, 201, booked.body]);
    const before = await stack.api.knex('claims').count();
    for (const byMs of [-HALF_HOUR_MS, 0, HALF_HOUR_MS]) {
      const at = startsAt + byMs;
      const late = await DOORS[second]({ client: other, therapist, startsAt: at });
      expect(refusalOf(second, late)).toEqual(TAKEN[second]!.therapist);
      const twice = await DOORS[second]({ client, therapist: colleague, startsAt: at });
      expect(refusalOf(second, twice)).toEqual(TAKEN[second]!.client);
    }
    expect(await stack.api.knex('claims').count()).toEqual(before);
    // It was the overlap alone that stood in the way.
    for (const byMs of [-2 * HALF_HOUR_MS, 2 * HALF_HOUR_MS]) {
      const next = await DOORS[second]({ client: other, therapist, startsAt: startsAt + byMs });
      expect([second, next.status]).toEqual([second, 201]);
    }
  },
  120_000,
);
