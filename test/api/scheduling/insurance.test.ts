import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { inFuture, reaches } from '../../support/stack-acts.ts';
import { addTherapist } from '../../support/stack-people.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
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
import { addAuthorisation } from './rows.ts';

const SOON_MS = 8_000;

let server: TestWorkflowEnvironment;
let stack: Stack;
let desk: Desk;
let service: string;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await setDeskPlan(stack.api, DESK_PLAN);
  desk = {
    ...(await openDesk(stack.api)),
    therapist: await addTherapist(stack.api, { insurers: ['Aetna'] }),
  };
  service = newId();
  await stack.api.knex('services').insert({
    id: service,
    clinic_id: stack.api.clinicId,
    name: 'Covered session',
    session_type: 'individual',
    duration_minutes: 50,
    price_cents: 15_000,
    paid_by: 'insurance',
  });
  await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** Granted from yesterday on, for a year. */
async function insure(clientId: string, granted: number): Promise<string> {
  const id = await addAuthorisation(stack.api, clientId, granted);
  const day = (ms: number): string => iso(Date.now() + ms).slice(0, 10);
  const dates = { valid_from: day(-24 * HOUR_MS), valid_to: day(365 * 24 * HOUR_MS) };
  await stack.api.knex('insurance_authorisations').where({ id }).update(dates);
  return id;
}

function holdCovered(client: Desk['client'], startsAt: number, minutes = 50) {
  return hold(stack.api, { ...desk, client }, startsAt, {
    session: { service_id: service },
    body: { duration_minutes: minutes },
  });
}

function hourIn(hours: number): number {
  return Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + hours * HOUR_MS;
}

test('as many sessions as were granted can be held at once, and one more when one is given up', async () => {
  const client = await stack.api.person();
  await insure(client.id, 2);
  const replies = await Promise.all(
    [2, 4, 6, 8, 10, 12].map((hours) => holdCovered(client, hourIn(24 + hours))),
  );
  const held = replies.filter(({ status }) => status === 201);
  const codes = replies.flatMap(({ body }) => body.code ?? []);
  expect([held.length, new Set(codes)]).toEqual([2, new Set(['booking_limit_exceeded'])]);
  expect((await holdCovered(client, hourIn(50))).status).toBe(422);
  expect((await cancel(stack.api, desk.staff, held[0]!.body.session_id)).status).toBe(200);
  expect((await holdCovered(client, hourIn(50))).status).toBe(201);
}, 120_000);

test('a session that takes place draws its authorisation down, and nothing is left to hold', async () => {
  const client = await stack.api.person();
  const authorisation = await insure(client.id, 1);
  const used = async (): Promise<unknown> =>
    (await stack.api.knex('insurance_authorisations').where({ id: authorisation }).first())
      .sessions_used;
  const startsAt = inFuture(SOON_MS);
  const held = await holdCovered(client, startsAt, 1);
  expect(held.status).toBe(201);
  const times = { start_time: iso(startsAt), end_time: iso(startsAt + MINUTE_MS) };
  const confirmed = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt, {
    session: times,
  });
  expect(confirmed.body).toMatchObject({ success: true, session: { amount_due: 0 } });
  expect(await used()).toBe(0);
  const id = String(held.body.session_id);
  await reaches(stack, { id }, 'in_progress');
  const { token } = desk.therapist;
  const marked = await stack.api.call(
    'PUT',
    `/booking/meetings/${id}`,
    { status: 'COMPLETED' },
    { token },
  );
  expect([marked.status, marked.body['status']]).toEqual([200, 'COMPLETED']);
  expect(await used()).toBe(1);
  const path = `/get-sessions-optimized?client_id=${client.id}&status=completed`;
  const shown = await stack.api.call<{ data: { sessions: Record<string, unknown>[] } }>(
    'GET',
    path,
    undefined,
    { token: desk.staff.token },
  );
  expect(shown.body.data.sessions).toMatchObject([
    { id, authorization: { sessions_granted: 1, sessions_used: 1, sessions_remaining: 0 } },
  ]);
  const next = await holdCovered(client, hourIn(24));
  expect([next.status, next.body.code]).toEqual([422, 'booking_limit_exceeded']);
}, 120_000);
