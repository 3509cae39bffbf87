import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clientCalendar, findUnstartedTwin } from '../../db/bookings.ts';
import {
  HOUR_MS,
  SOON,
  type SessionBench,
  startSessionBench,
} from '../activities/session/bench.ts';

const DAY_MS = 24 * HOUR_MS;
/** Noon, so that a dozen of hours stay on one day. */
const MORNING = Math.ceil(SOON / DAY_MS) * DAY_MS;
let bench: SessionBench;

beforeAll(async () => {
  bench = await startSessionBench(16);
});
afterAll(() => bench.close());

/** One client asks for twelve sessions with twelve therapists, every one at a time of its own. */
async function bookTwelve(
  clientId: string,
  limits: { maxOpenPerClient: number; maxPerClientPerDay: number },
  everyMs: number,
): Promise<string[]> {
  const drafts = await Promise.all(
    Array.from({ length: 12 }, (_none, index) =>
      bench.draft({ clientId, startsAt: MORNING + index * everyMs, plan: { limits } }),
    ),
  );
  return Promise.all(drafts.map((draft) => bench.insert(draft)));
}

function booked(outcomes: readonly string[]): number {
  expect(outcomes.every((each) => each === 'booked' || each === 'limit_exceeded')).toBe(true);
  return outcomes.filter((each) => each === 'booked').length;
}

describe('a client who books many at once', () => {
  test('gets no more on one day than the plan allows', async () => {
    const limits = { maxOpenPerClient: 100, maxPerClientPerDay: 3 };
    expect(booked(await bookTwelve(await bench.person(), limits, HOUR_MS))).toBe(3);
  });

  test('gets no more open ones than the plan allows, whatever the day', async () => {
    const limits = { maxOpenPerClient: 5, maxPerClientPerDay: 100 };
    expect(booked(await bookTwelve(await bench.person(), limits, DAY_MS))).toBe(5);
  });

  test('does not use up what others may book', async () => {
    const limits = { maxOpenPerClient: 4, maxPerClientPerDay: 4 };
    const clients = await Promise.all([bench.person(), bench.person(), bench.person()]);
    const outcomes = await Promise.all(clients.map((id) => bookTwelve(id, limits, HOUR_MS)));
    expect(outcomes.map(booked)).toEqual([4, 4, 4]);
  });
});

describe('what counts as a session of the client', () => {
  const limits = { maxOpenPerClient: 1, maxPerClientPerDay: 100 };

  test.each(['held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress'] as const)(
    '%s counts',
    async (status) => {
      const { client_id: clientId } = await bench.book({ state: { status } });
      const other = { clientId: clientId!, startsAt: SOON + DAY_MS, plan: { limits } };
      expect(await bench.insert(await bench.draft(other))).toBe('limit_exceeded');
    },
  );

  test.each(['declined', 'expired', 'cancelled', 'completed', 'no_show'] as const)(
    '%s does not',
    async (status) => {
      const { client_id: clientId, id } = await bench.book();
      await bench.knex('sessions').where({ id }).update({ status });
      const other = { clientId: clientId!, startsAt: SOON + DAY_MS, plan: { limits } };
      expect(await bench.insert(await bench.draft(other))).toBe('booked');
    },
  );

  test('a day is the clinic’s, wherever a request or the client says they are', async () => {
    // The clinic's day is UTC's; in Honolulu another one begins in the middle of it.
    const perDay = { limits: { maxOpenPerClient: 9, maxPerClientPerDay: 1 } };
    const clientId = await bench.person({ time_zone: 'Pacific/Honolulu' });
    const at = async (startsAt: number, timeZone: string): Promise<string> => {
      const draft = await bench.draft({ clientId, startsAt, plan: perDay });
      return bench.insert({ ...draft, timeZone });
    };
    expect(await at(MORNING + HOUR_MS, 'Pacific/Honolulu')).toBe('booked');
    expect(await at(MORNING + 15 * HOUR_MS, 'Pacific/Honolulu')).toBe('limit_exceeded');
    expect(await at(MORNING + 15 * HOUR_MS, 'Pacific/Kiritimati')).toBe('limit_exceeded');
    expect(await at(MORNING - HOUR_MS, 'Pacific/Honolulu')).toBe('booked');
  });

  test('the day’s end is not of the day', async () => {
    const clientId = await bench.person();
    const perDay = { limits: { maxOpenPerClient: 9, maxPerClientPerDay: 1 } };
    const at = (startsAt: number) => ({ clientId, startsAt, plan: perDay });
    expect(await bench.insert(await bench.draft(at(MORNING + DAY_MS)))).toBe('booked');
    expect(await bench.insert(await bench.draft(at(MORNING + 12 * HOUR_MS)))).toBe('booked');
    expect(await bench.insert(await bench.draft(at(MORNING + 14 * HOUR_MS)))).toBe(
      'limit_exceeded',
    );
  });
});

test('a booking leaves one enrolment, one event and one message to send', async () => {
  const { id, client_id: clientId } = await bench.book();
  const [enrolment, ...others] = await bench.knex('enrolments').where({ session_id: id });
  expect(others).toEqual([]);
  expect(enrolment).toMatchObject({ person_id: clientId, state: 'reserved' });
  expect(await bench.knex('session_events').where({ session_id: id })).toMatchObject([
    { kind: 'booked' },
  ]);
  const outgoing = await bench.knex('outbox').whereRaw(`payload->>'sessionId' = ?`, [id]);
  expect(outgoing).toHaveLength(1);
});

test('a client’s calendar shows binding claims only, and counts by the clinic’s day', async () => {
  const session = await bench.book({ startsAt: MORNING });
  const question = {
    clinicId: bench.clinicId,
    clientId: session.client_id!,
    therapistId: session.therapist_id,
    onDayOf: MORNING,
    window: { startMs: MORNING - DAY_MS, endMs: MORNING + DAY_MS },
  };
  expect(await clientCalendar(bench.knex, question)).toEqual({
    isClient: true,
    hasRelationship: false,
    currency: 'USD',
    openSessions: 1,
    sessionsOnDay: 1,
    busy: [{ startMs: MORNING, endMs: session.ends_at.getTime() }],
  });
  await bench
    .knex('claims')
    .where({ session_id: session.id })
    .update({ expires_at: new Date(0) });
  const onDayOf = MORNING - 1;
  expect(await clientCalendar(bench.knex, { ...question, onDayOf })).toMatchObject({
    sessionsOnDay: 0,
    busy: [],
  });
  expect(await clientCalendar(bench.knex, { ...question, clinicId: session.id })).toBeNull();
});

test('only the client’s own untouched booking of that very time is its twin', async () => {
  const draft = await bench.draft();
  await bench.insert(draft);
  const { clientId, therapistId, sessionType, format } = draft;
  const { startsAt, endsAt } = draft.state;
  const twin = { clientId, therapistId, sessionType, format, startsAt, endsAt };
  // Another request is just making it: that one has won the time.
  expect(await findUnstartedTwin(bench.knex, twin)).toBeNull();
  const created_at = new Date(Date.now() - 10_000);
  await bench.knex('sessions').where({ id: draft.id }).update({ created_at });
  expect((await findUnstartedTwin(bench.knex, twin))?.id).toBe(draft.id);
  expect(await findUnstartedTwin(bench.knex, { ...twin, startsAt: SOON + 1 })).toBeNull();
  expect(await findUnstartedTwin(bench.knex, { ...twin, endsAt: endsAt + 1 })).toBeNull();
  expect(await findUnstartedTwin(bench.knex, { ...twin, sessionType: 'other' })).toBeNull();
  expect(await findUnstartedTwin(bench.knex, { ...twin, clientId: draft.therapistId })).toBeNull();
  await bench.knex('sessions').where({ id: draft.id }).update({ workflow_started_at: new Date() });
  expect(await findUnstartedTwin(bench.knex, twin)).toBeNull();
});
