import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import * as acts from '../support/stack-acts.ts';
import { claimsOf } from '../support/stack-findings.ts';
import { type TestClient, addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';

const CLIENTS = 200;
const HOUR_MS = 3_600_000;

interface Slot {
  readonly start_time: string;
  readonly end_time: string;
}

let server: TestWorkflowEnvironment;
let stack: Stack;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

test('200 people who want one slot at once: one has it, 199 are shown others', async () => {
  const therapist = await addTherapist(stack.api);
  const clients: TestClient[] = [];
  for (let made = 0; made < CLIENTS; made += 1) clients.push(await addClient(stack.api));
  const startsAt = acts.inFuture(24 * HOUR_MS);
  const replies = await Promise.all(
    clients.map((client) =>
      acts.requestBooking(stack, { client, therapist, startsAt, key: newId() }),
    ),
  );
  const statuses = Object.groupBy(replies, ({ status }) => String(status));
  const shown = Object.fromEntries(
    Object.entries(statuses).map(([status, group]) => [status, group?.length]),
  );
  expect(shown).toEqual({ 201: 1, 409: CLIENTS - 1 });
  for (const { body } of statuses['409'] ?? []) {
    expect(body.error).toMatchObject({ code: 'slot_unavailable' });
    const slots = body.error?.['alternative_slots'] as Slot[];
    expect(slots.length).toBeGreaterThan(0);
    for (const slot of slots) {
      expect(
        Date.parse(slot.end_time) <= startsAt || Date.parse(slot.start_time) >= startsAt + 60_000,
      ).toBe(true);
    }
  }
  const id = String(statuses['201']?.[0]?.body.data['session_id']);
  expect(await claimsOf(stack, id)).toHaveLength(2);
  expect(await stack.api.knex('sessions').pluck('id')).toEqual([id]);
  expect(await stack.api.knex('claims').where({ state: 'active' })).toHaveLength(2);
}, 120_000);

test('one request that arrives twenty times at once is one session', async () => {
  const therapist = await addTherapist(stack.api);
  const client = await addClient(stack.api);
  const wish = { client, therapist, startsAt: acts.inFuture(24 * HOUR_MS), key: newId() };
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => acts.requestBooking(stack, wish)),
  );
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
  const [id, ...others] = new Set(replies.map(({ body }) => String(body.data['session_id'])));
  expect(others).toEqual([]);
  expect(await stack.api.knex('sessions').where({ client_id: client.id }).pluck('id')).toEqual([
    id,
  ]);
}, 120_000);
