import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { findSession } from '../../../db/sessions.ts';
import { isEnded } from '../../../domain/session.ts';
import * as acts from '../../support/stack-acts.ts';
import { claimsOf, eventsOf } from '../../support/stack-findings.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
import { until } from '../../support/until.ts';
import {
  DESK_PLAN,
  type Desk,
  HOUR_MS,
  MINUTE_MS,
  cancel,
  confirm,
  hold,
  iso,
  openDesk,
  setDeskPlan,
} from './desk.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let desk: Desk;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await setDeskPlan(stack.api, DESK_PLAN);
  desk = await openDesk(stack.api);
  await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

let hours = 24;
/** Each test has hours of its own. */
function nextHour(): number {
  hours += 2;
  return Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + hours * HOUR_MS;
}

async function statusOf(id: unknown): Promise<string> {
  return (await findSession(stack.api.knex, String(id)))!.status;
}

describe('a hold', () => {
  test('keeps the time from every door, and becomes a session with its key', async () => {
    const startsAt = nextHour();
    const held = await hold(stack.api, desk, startsAt, { session: { notes: 'asked by phone' } });
    expect([held.status, held.body.code]).toEqual([201, undefined]);
    const id = held.body.session_id!;
    expect(await statusOf(id)).toBe('held');
    const stored = await stack.api.knex('holds').where({ id }).first();
    expect(stored.key_hash.toString()).not.toContain(held.body.hold_key);
    expect(Date.parse(held.body.expires_at!)).toBeGreaterThan(Date.now() + 9 * MINUTE_MS);

    const rival = await stack.api.person();
    const wish = { client: rival, therapist: desk.therapist, startsAt };
    expect((await acts.requestBooking(stack, wish)).status).toBe(409);
    const other = await hold(stack.api, { ...desk, client: rival }, startsAt + 30 * MINUTE_MS);
    expect([other.status, other.body.code]).toEqual([409, 'slot_unavailable']);

    const confirmed = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt);
    expect(confirmed.status).toBe(200);
    expect(confirmed.body.session).toMatchObject({ id, status: 'confirmed' });
    expect(await statusOf(id)).toBe('confirmed');
    expect(await claimsOf(stack, id)).toHaveLength(2);
    // Whoever did not hear the answer asks again.
    const again = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt);
    expect(again.body).toEqual(confirmed.body);
    expect(await eventsOf(stack, id)).toEqual(['booked', 'hold_confirmed']);
  }, 120_000);

  test('is confirmed as it was held, or not at all', async () => {
    const startsAt = nextHour();
    const { body } = await hold(stack.api, desk, startsAt);
    const later = await confirm(stack.api, desk.staff, body.hold_key, startsAt + MINUTE_MS);
    expect([later.status, later.body.code]).toEqual([400, 'invalid_time']);
    const session = { start_time: iso(startsAt), client_id: newId() };
    const other = await confirm(stack.api, desk.staff, body.hold_key, startsAt, { session });
    expect([other.status, other.body.code]).toEqual([422, 'refused_by_rule']);
    const stranger = await stack.api.person({ isTherapist: true });
    expect((await confirm(stack.api, stranger, body.hold_key, startsAt)).status).toBe(404);
    const guessed = await confirm(stack.api, desk.staff, `${body.hold_key}x`, startsAt);
    expect(guessed.status).toBe(404);
    expect(await statusOf(body.session_id)).toBe('held');
  }, 120_000);

  test('sent again with its key is the same hold', async () => {
    const startsAt = nextHour();
    const key = newId();
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => hold(stack.api, desk, startsAt, { key })),
    );
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const rows = await stack.api.knex('sessions').where({ starts_at: iso(startsAt) });
    expect(rows).toHaveLength(1);
  }, 120_000);

  test('of which a therapist makes only their own, for their own clients', async () => {
    const startsAt = nextHour();
    const stranger = await hold(stack.api, desk, startsAt, { by: desk.therapist });
    expect(stranger.status).toBe(404);
    await stack.api.knex('relationships').insert({
      id: newId(),
      clinic_id: stack.api.clinicId,
      therapist_id: desk.therapist.id,
      client_id: desk.client.id,
    });
    const own = await hold(stack.api, desk, startsAt, { by: desk.therapist });
    expect(own.status).toBe(201);
    const colleague = await stack.api.person({ isTherapist: true });
    expect((await hold(stack.api, desk, nextHour(), { by: colleague })).status).toBe(403);
  }, 120_000);

  test('can be given up by cancelling it, and nobody hears of it', async () => {
    const startsAt = nextHour();
    const { body } = await hold(stack.api, desk, startsAt);
    expect((await cancel(stack.api, desk.staff, body.session_id)).status).toBe(200);
    expect(await claimsOf(stack, body.session_id!)).toHaveLength(0);
    const late = await confirm(stack.api, desk.staff, body.hold_key, startsAt);
    expect([late.status, late.body.code]).toEqual([409, 'slot_unavailable']);
    expect(await stack.api.knex('sends').where({ session_id: body.session_id })).toEqual([]);
  }, 120_000);
});

describe('refusals', () => {
  test.each([
    ['yesterday', -26 * HOUR_MS, {}, 'invalid_time'],
    ['beyond the horizon', 200 * 24 * HOUR_MS, {}, 'outside_availability'],
    [
      'a type that is not offered',
      30 * HOUR_MS,
      { session_type: 'group' },
      'therapist_unavailable',
    ],
  ])('%s', async (_name, inMs, session, code) => {
    const at = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + inMs;
    const { body } = await hold(stack.api, desk, at, { session });
    expect(body).toMatchObject({ success: false, code, error: expect.any(String) });
  });

  test('a client elsewhere at that time, and one who has too many', async () => {
    const startsAt = nextHour();
    expect((await hold(stack.api, desk, startsAt)).status).toBe(201);
    const elsewhere = await hold(
      stack.api,
      { ...(await openDesk(stack.api)), client: desk.client },
      startsAt,
    );
    expect([elsewhere.status, elsewhere.body.code]).toEqual([409, 'client_unavailable']);
    await setDeskPlan(stack.api, {
      ...DESK_PLAN,
      limits: { maxOpenPerClient: 1, maxPerClientPerDay: 1 },
    });
    const many = await hold(stack.api, desk, nextHour());
    await setDeskPlan(stack.api, DESK_PLAN);
    expect([many.status, many.body.code]).toEqual([422, 'booking_limit_exceeded']);
  }, 120_000);

  test('a day that the client has used up, in whatever zone it is asked for', async () => {
    const DAY_MS = 24 * HOUR_MS;
    const day = Math.ceil(Date.now() / DAY_MS) * DAY_MS + 20 * DAY_MS;
    const another = await openDesk(stack.api);
    const limits = { maxOpenPerClient: 9, maxPerClientPerDay: 1 };
    await setDeskPlan(stack.api, { ...DESK_PLAN, limits });
    const first = await hold(stack.api, another, day + HOUR_MS);
    // The day begins anew there in between.
    const body = { time_zone: 'Pacific/Honolulu' };
    const second = await hold(stack.api, another, day + 15 * HOUR_MS, { body });
    await setDeskPlan(stack.api, DESK_PLAN);
    expect(first.status).toBe(201);
    expect([second.status, second.body.code]).toEqual([422, 'booking_limit_exceeded']);
  }, 120_000);

  test.each([
    ['2031-03-09T02:30:00', 'does not exist'],
    ['2031-11-02T01:30:00', 'occurs twice'],
    ['2031-02-30T10:00:00', 'must be an ISO 8601'],
  ])('the local time %s', async (start_time, said) => {
    const { status, body } = await hold(stack.api, desk, 0, {
      session: { start_time },
      body: { time_zone: 'America/New_York' },
    });
    expect([status, body.code]).toEqual([400, 'invalid_time']);
    expect(body.error).toContain(said);
  });
});

describe('a series', () => {
  const weekly = (startsAt: number, count: number): { start_time: string }[] =>
    Array.from({ length: count }, (_none, index) => ({
      start_time: iso(startsAt + (index + 1) * 7 * 24 * HOUR_MS),
    }));

  test('is held and confirmed whole', async () => {
    const startsAt = nextHour();
    const occurrences = weekly(startsAt, 4);
    const held = await hold(stack.api, desk, startsAt, { body: { occurrences } });
    expect(held.body.occurrences).toHaveLength(5);
    const part = { occurrences: occurrences.slice(1) };
    const partly = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt, part);
    expect([partly.status, partly.body.code]).toEqual([400, 'invalid_time']);
    const whole = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt, {
      occurrences,
    });
    expect(whole.body.occurrences?.map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => 'confirmed'),
    );
  }, 120_000);

  test('is refused whole, with each time that stands in the way', async () => {
    const startsAt = nextHour();
    const other = { ...desk, client: await stack.api.person() };
    await hold(stack.api, other, startsAt + 7 * 24 * HOUR_MS);
    await hold(stack.api, other, startsAt + 21 * 24 * HOUR_MS);
    const before = await stack.api.knex('sessions').count();
    const { status, body } = await hold(stack.api, desk, startsAt, {
      body: { occurrences: weekly(startsAt, 4) },
    });
    expect([status, body.code]).toEqual([409, 'slot_unavailable']);
    expect(body.refused_occurrences).toMatchObject([
      { index: 1, code: 'slot_unavailable' },
      { index: 3, code: 'slot_unavailable' },
    ]);
    expect(await stack.api.knex('sessions').count()).toEqual(before);
  }, 120_000);

  test('may be added when a hold is confirmed, with it or not at all', async () => {
    const startsAt = nextHour();
    const other = { ...desk, client: await stack.api.person() };
    const held = await hold(stack.api, desk, startsAt);
    await hold(stack.api, other, startsAt + 7 * 24 * HOUR_MS);
    const taken = { occurrences: weekly(startsAt, 1) };
    const refused = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt, taken);
    expect([refused.status, refused.body.code]).toEqual([409, 'slot_unavailable']);
    expect(await statusOf(held.body.session_id)).toBe('held');
    const free = { occurrences: weekly(startsAt + HOUR_MS, 2) };
    const booked = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt, free);
    expect(booked.status).toBe(200);
    expect(booked.body.occurrences).toHaveLength(3);
    for (const { id } of booked.body.occurrences!) expect(await statusOf(id)).toBe('confirmed');
  }, 120_000);
});

describe('a confirmation in the very moment at which the hold runs out', () => {
  const TTL_MS = 4_000;
  const AROUND_MS = [-1_500, -400, -150, -60, -20, 0, 20, 60, 150];

  test('has one end, the same wherever one looks', async () => {
    await setDeskPlan(stack.api, { ...DESK_PLAN, holdTtlMs: TTL_MS });
    const outcomes = await Promise.all(
      AROUND_MS.map(async (aroundMs) => {
        const startsAt = nextHour();
        const rival = { ...desk, client: await stack.api.person() };
        const held = await hold(stack.api, desk, startsAt);
        const dueAt = Date.parse(held.body.expires_at!) + aroundMs;
        await new Promise((resolve) => setTimeout(resolve, dueAt - Date.now()));
        const [confirmed, taken] = await Promise.all([
          confirm(stack.api, desk.staff, held.body.hold_key, startsAt),
          hold(stack.api, rival, startsAt),
        ]);
        return { id: held.body.session_id!, confirmed, taken };
      }),
    );
    await setDeskPlan(stack.api, DESK_PLAN);
    for (const { id, confirmed, taken } of outcomes) {
      const end = confirmed.status === 200 ? 'confirmed' : 'expired';
      await until(async () => (await statusOf(id)) === end);
      expect([200, 409]).toContain(confirmed.status);
      if (end === 'confirmed') expect(taken.status).toBe(409);
      const row = (await findSession(stack.api.knex, id))!;
      expect(await claimsOf(stack, id)).toHaveLength(isEnded(row.status) ? 0 : 2);
      const standing = await stack.api.knex('holds').where({ id }).first('standing');
      expect(standing.standing).toBe(end === 'confirmed' ? 'confirmed' : 'released');
    }
    const ends = new Set(outcomes.map(({ confirmed }) => confirmed.status));
    expect(ends).toEqual(new Set([200, 409]));
  }, 120_000);
});

test('two at the desk who want overlapping times at once: one has it', async () => {
  const startsAt = nextHour();
  const clients = await Promise.all(Array.from({ length: 60 }, () => stack.api.person()));
  const replies = await Promise.all(
    clients.map((client, index) =>
      hold(stack.api, { ...desk, client }, startsAt + (index % 40) * MINUTE_MS),
    ),
  );
  const codes = replies.map(({ status, body }) => `${String(status)} ${body.code ?? ''}`);
  expect(codes.filter((code) => code === '201 ')).toHaveLength(1);
  expect(codes.filter((code) => code === '409 slot_unavailable')).toHaveLength(59);
}, 120_000);
