import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { findSession } from '../../../db/sessions.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { devServer } from '../../support/temporal.ts';
import {
  DESK_PLAN,
  type Desk,
  HOUR_MS,
  cancel,
  confirm,
  hold,
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
async function scheduled(): Promise<string> {
  hours += 2;
  const startsAt = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + hours * HOUR_MS;
  const held = await hold(stack.api, desk, startsAt);
  const { status, body } = await confirm(stack.api, desk.staff, held.body.hold_key, startsAt);
  expect([status, body.success]).toEqual([200, true]);
  return String(body.session!['id']);
}

test('whoever has the id of a session, but neither its calendar nor its clinic, can’t cancel it', async () => {
  const id = await scheduled();
  const { api } = stack;
  const clinicId = await api.clinic();
  const unknown = [
    await api.person({ isTherapist: true }),
    await api.person({ isTherapist: true, clinicId }),
    await api.person({ role: 'staff', clinicId }),
    await api.person({ role: 'admin', clinicId }),
  ];
  const barred = [desk.client, await api.person(), await api.person({ role: 'peer' })];
  for (const [statusExpected, people] of [
    [404, unknown],
    [403, barred],
  ] as const) {
    for (const person of people) {
      const { status, body } = await cancel(api, person, id, { reason: 'not mine' });
      expect([status, body.success]).toEqual([statusExpected, false]);
    }
  }
  const session = await findSession(api.knex, id);
  expect([session!.status, session!.last_reason]).toEqual(['confirmed', null]);
  const denied = await api.knex('audit_entries').where({ action: 'session.cancel', object_id: id });
  expect(new Set(denied.map((row) => row['actor_id']))).toEqual(
    new Set([...unknown, ...barred].map((person) => person.id)),
  );
}, 120_000);

test('its therapist can, under the standard rule only, and its clinic under any', async () => {
  const [own, clinics] = [await scheduled(), await scheduled()];
  const waived = { cancellation_policy: 'waive_fee' };
  expect((await cancel(stack.api, desk.therapist, own, waived)).status).toBe(403);
  const done = await cancel(stack.api, desk.therapist, own, { reason: 'Ill', notes: 'Called in' });
  expect(done).toMatchObject({ status: 200, body: { success: true, session_id: own } });
  const { last_reason: reason } = (await findSession(stack.api.knex, own))!;
  const ref = { purpose: 'session', objectId: own, column: 'last_reason' };
  const { cipher, knex } = stack.api.deps;
  expect(await cipher.openField(knex, ref, reason!)).toBe('Ill\n\nCalled in');
  expect((await cancel(stack.api, desk.staff, clinics, waived)).status).toBe(200);
  const again = await cancel(stack.api, desk.staff, clinics);
  expect([again.status, again.body.success]).toEqual([409, false]);
}, 120_000);
