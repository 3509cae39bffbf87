import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { findSession } from '../../../db/sessions.ts';
import { addClient } from '../../support/stack-people.ts';
import { inFuture, reaches, requestBooking } from '../../support/stack-acts.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
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

describe('a booking', () => {
  test('is answered as published, waits for the therapist, and costs the client nothing', async () => {
    const pair = await addPair(stack, { accepts_automatically: true });
    const title = 'Weekly Therapy Session';
    const meeting = await booked(stack, pair, noon(10), { title, status: 'SCHEDULED' });
    expect(meeting).toMatchObject({
      title,
      description: null,
      startTime: iso(noon(10)),
      duration: 60,
      status: 'SCHEDULED',
      meetingType: 'video',
      meetingUrl: null,
      client: { user: { email: pair.client.email } },
      therapist: { user: { email: pair.therapist.email } },
    });
    const row = (await findSession(stack.api.knex, meeting.id))!;
    expect(row).toMatchObject({ status: 'requested', due_cents: 0, payment: 'not_due' });
    expect(row.details!.toString('latin1')).not.toContain('Weekly');

    const { body } = await put(stack, meeting, pair.therapist, { status: 'CONFIRMED' });
    expect(body).toMatchObject({
      status: 'CONFIRMED',
      meetingUrl: expect.stringContaining('/room/'),
    });
  });

  test('is read by its two people; by the clinic without what they wrote; by nobody else', async () => {
    const pair = await addPair(stack);
    const texts = { title: 'About my fears', description: 'They come at night' };
    const meeting = await booked(stack, pair, noon(10), texts);
    const staff = await stack.api.person({ role: 'staff' });
    const stranger = await addClient(stack.api);
    const read = (path: string, token: string) =>
      stack.api.call<Meeting>('GET', path, undefined, { token });
    const path = `/api/booking/meetings/${meeting.id}`;
    expect((await read(path, pair.therapist.token)).body).toEqual(meeting);
    expect((await read(path, staff.token)).body).toEqual({
      ...meeting,
      title: 'Appointment',
      description: null,
    });
    expect(await refused(read(path, stranger.token))).toBe(403);
    expect(await refused(read('/booking/meetings/meeting_789', staff.token))).toBe(404);
    // What the clinic is shown instead asks for nothing when it is sent back.
    const { body: shown } = await read(path, staff.token);
    expect((await put(stack, meeting, staff, shown)).status).toBe(200);
    expect((await read(path, pair.client.token)).body).toEqual(meeting);

    const list = await stack.api.call<Meeting[]>('GET', '/booking/meetings', undefined, {
      token: pair.client.token,
    });
    expect(list.body).toEqual([meeting]);
    expect(list.headers.get('x-total-count')).toBe('1');
    expect((await read('/booking/meetings?status=CONFIRMED', pair.client.token)).body).toEqual([]);
  });

  test('is refused in this door’s words, and changes nothing then', async () => {
    const pair = await addPair(stack);
    const taken = await addPair(stack);
    await booked(stack, taken, noon(10));
    const stranger = { ...taken, client: await addClient(stack.api) };
    const nobody = { ...pair, therapist: { ...pair.therapist, id: 'therapist_456' } };
    const before = await everything(stack);
    const statusOf = (of: Pair, startMs: number, more = {}) =>
      refused(post(stack, of, startMs, more));
    expect(await statusOf(stranger, noon(11))).toBe(403);
    expect(await statusOf({ ...pair, client: pair.therapist }, noon(11))).toBe(403);
    expect(await statusOf(nobody, noon(11))).toBe(404);
    expect(await statusOf(taken, noon(10))).toBe(400);
    expect(await statusOf(taken, noon(10) - HOUR_MS / 2)).toBe(400);
    expect(await statusOf(pair, noon(-1))).toBe(400);
    expect(await statusOf(pair, noon(401))).toBe(400);
    expect(await statusOf(pair, noon(11) + 600_000)).toBe(400);
    expect(await statusOf(pair, noon(11), { duration: 50 })).toBe(400);
    expect(await statusOf(pair, noon(11), { startTime: 'soon' })).toBe(400);
    expect(await statusOf(pair, noon(11), { meetingType: 'telepathy' })).toBe(400);
    for (const status of ['CONFIRMED', 'COMPLETED', 'CANCELLED', 'DONE']) {
      expect(await statusOf(pair, noon(11), { status })).toBe(400);
    }
    expect(await everything(stack)).toEqual(before);
  });

  test('wins a race for overlapping times alone, at whichever door', async () => {
    const pair = await addPair(stack);
    const rivals = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const rival = { ...pair, client: await addClient(stack.api) };
        await relate(stack, rival);
        return rival;
      }),
    );
    const replies = await Promise.all(
      rivals.map((rival, i) =>
        i % 2 === 0
          ? post(stack, rival, noon(20), { duration: 120 })
          : requestBooking(stack, {
              ...rival,
              startsAt: noon(20) + HOUR_MS / 2,
              extra: { duration: 50 },
            }),
      ),
    );
    const codes = replies.map(({ status }) => status);
    expect(codes.filter((status) => status === 201)).toHaveLength(1);
    expect(codes.every((status, i) => status === 201 || status === (i % 2 === 0 ? 400 : 409))).toBe(
      true,
    );
    const claims = await stack.api
      .knex('claims')
      .where({ person_id: pair.therapist.id, state: 'active' });
    expect(claims).toHaveLength(1);
  });

  test('at the therapy door is a meeting here, and is in its way', async () => {
    const pair = await addPair(stack);
    const wish = {
      ...pair,
      startsAt: noon(12),
      extra: { duration: 50, reason_for_session: 'Panic' },
    };
    const { body } = await requestBooking(stack, wish);
    const id = String(body.data['session_id']);
    const { body: meeting } = await stack.api.call<Meeting>(
      'GET',
      `/booking/meetings/${id}`,
      undefined,
      {
        token: pair.therapist.token,
      },
    );
    expect(meeting).toMatchObject({ status: 'SCHEDULED', duration: 50, description: 'Panic' });
    expect(await refused(post(stack, pair, noon(12)))).toBe(400);
    // The whole meeting sent back asks for nothing; its length of 50 minutes is none of this door's.
    const echo = await put(stack, { id }, pair.client, { ...meeting, title: 'Panic' });
    expect(echo.body).toMatchObject({ title: 'Panic', duration: 50, description: 'Panic' });
    await booked(stack, pair, noon(13));
    expect((await requestBooking(stack, { ...wish, startsAt: noon(13) })).status).toBe(409);
  });
});

describe('a status', () => {
  test('is a request: each asks for what its sender may ask for', async () => {
    const pair = await addPair(stack);
    const staff = await stack.api.person({ role: 'staff' });
    const meeting = await booked(stack, pair, noon(10));
    const before = await everything(stack);
    for (const [by, words] of [
      [pair.client, ['CONFIRMED', 'COMPLETED', 'NO_SHOW']],
      [staff, ['CONFIRMED', 'COMPLETED', 'NO_SHOW']],
      [pair.therapist, ['COMPLETED', 'NO_SHOW']],
    ] as const) {
      for (const status of words) {
        expect(await refused(put(stack, meeting, by, { status }))).toBe(400);
      }
    }
    expect(await everything(stack)).toEqual(before);
    const twice = await Promise.all(
      [1, 2].map(() => put(stack, meeting, pair.therapist, { status: 'CONFIRMED' })),
    );
    expect(twice.map(({ status, body }) => [status, body.status])).toEqual([
      [200, 'CONFIRMED'],
      [200, 'CONFIRMED'],
    ]);
    const approvals = await stack.api
      .knex('session_events')
      .where({ session_id: meeting.id, kind: 'approved' });
    expect(approvals).toHaveLength(1);
    expect(await refused(put(stack, meeting, pair.therapist, { status: 'SCHEDULED' }))).toBe(400);
    expect(await refused(put(stack, meeting, pair.therapist, { status: 'COMPLETED' }))).toBe(400);
    expect(
      await refused(put(stack, meeting, pair.client, { status: 'CANCELLED', title: 'x' })),
    ).toBe(400);
    const gone = await put(stack, meeting, pair.client, { status: 'CANCELLED', reason: 'Ill' });
    expect(gone.body.status).toBe('CANCELLED');
    expect((await findSession(stack.api.knex, meeting.id))!.last_reason).not.toBeNull();
    for (const body of [{ title: 'x' }, { status: 'CANCELLED' }, { startTime: iso(noon(30)) }]) {
      expect(await refused(put(stack, meeting, pair.client, body))).toBe(400);
    }
    expect(await refused(cancel(stack, meeting, pair.client))).toBe(400);
  });

  test('in a race of approval and cancellation leaves one story', async () => {
    const pair = await addPair(stack);
    for (let hour = 0; hour < 4; hour += 1) {
      const meeting = await booked(stack, pair, noon(10) + hour * HOUR_MS);
      const [approval, ending] = await Promise.all([
        put(stack, meeting, pair.therapist, { status: 'CONFIRMED' }),
        cancel(stack, meeting, pair.client),
      ]);
      expect(ending.status).toBe(200);
      expect([200, 400]).toContain(approval.status);
      await reaches(stack, meeting, 'cancelled');
    }
    await booked(stack, pair, noon(10));
  });

  test.each([
    ['COMPLETED', 'completed'],
    ['NO_SHOW', 'no_show'],
  ] as const)('of %s is the therapist’s after the start', async (status, state) => {
    const pair = await addPair(stack, {
      durations_minutes: [1],
      accepts_automatically: true,
      rates_cents: '{"individual":0}',
    });
    const { body } = await requestBooking(stack, { ...pair, startsAt: inFuture(8_000) });
    const meeting = { id: String(body.data['session_id']) };
    await reaches(stack, meeting, 'in_progress');
    expect(await refused(put(stack, meeting, pair.client, { status }))).toBe(400);
    const marked = await put(stack, meeting, pair.therapist, { status });
    expect([marked.status, marked.body.status]).toEqual([200, status]);
    expect((await findSession(stack.api.knex, meeting.id))!.status).toBe(state);
  });
});

describe('an update', () => {
  test('by the therapist moves, lengthens, names and approves in one step', async () => {
    const pair = await addPair(stack);
    const meeting = await booked(stack, pair, noon(10), { description: 'As it was' });
    const wish = {
      title: 'Updated Therapy Session',
      startTime: iso(noon(11)),
      duration: 90,
      status: 'CONFIRMED',
      meetingType: 'audio',
    };
    const { body } = await put(stack, meeting, pair.therapist, wish);
    expect(body).toMatchObject({ ...wish, description: 'As it was' });
    const kinds = await stack.api
      .knex('session_events')
      .where({ session_id: meeting.id })
      .pluck('kind');
    expect(kinds).toEqual(['booked', 'rescheduled']);
    await booked(stack, pair, noon(10));
    expect(await refused(post(stack, pair, noon(11) + HOUR_MS))).toBe(400);
  });

  test('that is refused in one part changes nothing of the others', async () => {
    const pair = await addPair(stack, { session_formats: ['video', 'audio'] });
    const other = { ...pair, client: await addClient(stack.api) };
    await relate(stack, other);
    await booked(stack, other, noon(11));
    const meeting = await booked(stack, pair, noon(10), { title: 'Mine' });
    const before = await everything(stack);
    const good = { title: 'Other', status: 'CONFIRMED' };
    for (const bad of [
      { startTime: iso(noon(11)) },
      { startTime: iso(noon(11) - HOUR_MS), duration: 90 },
      { startTime: iso(noon(12) + 60_000) },
      { startTime: iso(noon(-1)) },
      { duration: 45 },
      { meetingType: 'in_person' },
      { meetingType: 'in_person', startTime: iso(noon(12)) },
    ]) {
      expect(await refused(put(stack, meeting, pair.therapist, { ...good, ...bad }))).toBe(400);
    }
    const mine = { ...good, therapistId: other.client.id };
    expect(await refused(put(stack, meeting, pair.therapist, mine))).toBe(403);
    expect(await everything(stack)).toEqual(before);
  });

  test('that loses the race for its time leaves its texts behind as well', async () => {
    const pair = await addPair(stack);
    const meetings: Meeting[] = [];
    for (const hour of [0, 2, 4, 6]) {
      meetings.push(await booked(stack, pair, noon(10) + hour * HOUR_MS, { title: 'Mine' }));
    }
    const wish = { title: 'Won', startTime: iso(noon(11)) };
    const replies = await Promise.all(
      meetings.map((meeting) => put(stack, meeting, pair.therapist, wish)),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400]);
    const { body } = await stack.api.call<Meeting[]>('GET', '/booking/meetings', undefined, {
      token: pair.client.token,
    });
    expect(body.map(({ title }) => title).toSorted()).toEqual(['Mine', 'Mine', 'Mine', 'Won']);
    const kept = await stack.api.knex('session_revisions').whereIn(
      'session_id',
      meetings.map(({ id }) => id),
    );
    expect(kept).toHaveLength(1);
  });

  test('by the client of an approved meeting proposes a time; both stay taken until the answer', async () => {
    const pair = await addPair(stack);
    const meeting = await confirmed(stack, pair, noon(10));
    const wish = { startTime: iso(noon(11)), title: 'Named at once' };
    const asked = await put(stack, meeting, pair.client, wish);
    expect(asked.body).toMatchObject({
      startTime: iso(noon(10)),
      status: 'CONFIRMED',
      title: 'Named at once',
      proposedStartTime: iso(noon(11)),
      proposedDuration: 60,
      answerDueAt: expect.any(String),
    });
    expect(await refused(post(stack, pair, noon(10)))).toBe(400);
    expect(await refused(post(stack, pair, noon(11)))).toBe(400);
    // The old time repeated is no agreement to the new one.
    const echo = { ...meeting, title: 'Edited' };
    expect((await put(stack, meeting, pair.therapist, echo)).body).toMatchObject({
      startTime: iso(noon(10)),
      proposedStartTime: iso(noon(11)),
      title: 'Edited',
    });
    const agreed = await put(stack, meeting, pair.therapist, { status: 'CONFIRMED' });
    expect(agreed.body).toMatchObject({ startTime: iso(noon(11)), status: 'CONFIRMED' });
    expect(agreed.body).not.toHaveProperty('proposedStartTime');
    await booked(stack, pair, noon(10));
  });
});
