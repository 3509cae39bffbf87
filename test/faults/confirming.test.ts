import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { findSession } from '../../db/sessions.ts';
import {
  ROOMY_PLAN,
  addPair,
  confirmed,
  put,
  setBookingPlan,
} from '../api/booking/booking-world.ts';
import {
  DESK_PLAN,
  HOUR_MS,
  MINUTE_MS,
  confirm,
  hold,
  iso,
  openDesk,
  setDeskPlan,
} from '../api/scheduling/desk.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';

const ROUNDS = 8;

let server: TestWorkflowEnvironment;
let stack: Stack;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await setDeskPlan(stack.api, DESK_PLAN);
  await setBookingPlan(stack, ROOMY_PLAN);
  await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** On the hour, so many hours from now. */
function hourIn(hours: number): number {
  return Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + hours * HOUR_MS;
}

async function statusesOf(ids: readonly unknown[]): Promise<string[]> {
  const sessions = await Promise.all(ids.map((id) => findSession(stack.api.knex, String(id))));
  return sessions.map((session) => session!.status);
}

async function overlaps(): Promise<unknown[]> {
  const { rows } = await stack.api.knex.raw<{ rows: unknown[] }>(
    `SELECT a.id, b.id AS other FROM claims a JOIN claims b
       ON a.person_id = b.person_id AND a.id < b.id AND a.during && b.during
     WHERE a.state = 'active' AND b.state = 'active' AND a.session_id <> b.session_id`,
  );
  return rows;
}

test('two at the desk who confirm overlapping requests at once: one has all of hers', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const desk = await openDesk(stack.api);
    const other = {
      ...desk,
      staff: await stack.api.person({ role: 'staff' }),
      client: await stack.api.person(),
    };
    const startsAt = hourIn(48);
    const holds = await Promise.all([
      hold(stack.api, desk, startsAt),
      hold(stack.api, other, startsAt + HOUR_MS),
    ]);
    expect(holds.map(({ status }) => status)).toEqual([201, 201]);
    // Each asks for a second time as well, which is the other's, but for some minutes.
    const wanted = startsAt + 3 * HOUR_MS;
    const replies = await Promise.all(
      [desk, other].map(({ staff }, index) =>
        confirm(stack.api, staff, holds[index]!.body.hold_key, startsAt + index * HOUR_MS, {
          occurrences: [{ start_time: iso(wanted + index * (5 + 5 * round) * MINUTE_MS) }],
        }),
      ),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const loser = replies[0]!.status === 200 ? 1 : 0;
    expect(replies[loser]!.body).toMatchObject({ success: false, code: 'slot_unavailable' });
    const won = replies[1 - loser]!.body.occurrences!.map(({ id }) => id);
    expect(await statusesOf(won)).toEqual(['confirmed', 'confirmed']);
    // What the other holds is still held, and nothing else of hers was booked.
    expect(await statusesOf([holds[loser]!.body.session_id])).toEqual(['held']);
    const { id: clientId } = [desk, other][loser]!.client;
    expect(await stack.api.knex('sessions').where({ client_id: clientId })).toHaveLength(1);
  }
  expect(await overlaps()).toEqual([]);
}, 120_000);

test('one hold that two confirm at once is one session', async () => {
  const desk = await openDesk(stack.api);
  const startsAt = hourIn(72);
  const { body } = await hold(stack.api, desk, startsAt);
  const colleague = await stack.api.person({ role: 'staff' });
  const replies = await Promise.all(
    [desk.staff, colleague].map((by) => confirm(stack.api, by, body.hold_key, startsAt)),
  );
  expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  expect(new Set(replies.map((reply) => reply.body.session!['id'])).size).toBe(1);
  expect(await stack.api.knex('sessions').where({ client_id: desk.client.id })).toHaveLength(1);
}, 120_000);

test('two who move different meetings to overlapping times at once: one of them moves', async () => {
  const staff = await stack.api.person({ role: 'staff' });
  const { client, therapist } = await addPair(stack);
  for (let round = 0; round < ROUNDS; round += 1) {
    const startsAt = hourIn(96 + 24 * round);
    const meetings = [
      await confirmed(stack, { client, therapist }, startsAt),
      await confirmed(stack, { client, therapist }, startsAt + 2 * HOUR_MS),
    ];
    const replies = await Promise.all(
      meetings.map((meeting, index) =>
        put(stack, meeting, index === 0 ? staff : therapist, {
          title: 'Moved',
          startTime: iso(startsAt + 5 * HOUR_MS + index * 30 * MINUTE_MS),
        }),
      ),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    const loser = replies[0]!.status === 200 ? 1 : 0;
    const stayed = await stack.api.call(
      'GET',
      `/booking/meetings/${meetings[loser]!.id}`,
      undefined,
      { token: therapist.token },
    );
    const { startTime, title, status } = meetings[loser]!;
    expect(stayed.body).toMatchObject({ startTime, title, status });
  }
  expect(await overlaps()).toEqual([]);
}, 120_000);
