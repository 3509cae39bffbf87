import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { planFor } from '../../../db/policies.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import type { Plan } from '../../../domain/plan.ts';
import { startClinic } from './clinic.ts';
import type { TestClinic } from './clinic.ts';

interface Policy {
  id: string;
  name: string;
  door: string | null;
  sessionType: string | null;
  plan: Plan;
  version: number;
}

let clinic: TestClinic;
const PATH = '/api/v1/policies';

beforeAll(async () => {
  clinic = await startClinic();
});

afterAll(() => clinic.api.close());

function plan(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...DEFAULT_PLAN, ...change };
}

test('a new policy decides the next booking, and its replacement the one after', async () => {
  const { api, clinicId, as } = clinic;
  const use = { door: 'therapy', sessionType: 'couples' };
  const made = await as<Policy>('alex', 'POST', PATH, {
    name: ' Couples ',
    ...use,
    plan: plan({ holdTtlMs: 61_000 }),
  });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ ...use, name: 'Couples', version: 1, isActive: true });
  expect((await planFor(api.knex, clinicId, 'therapy', 'couples')).holdTtlMs).toBe(61_000);
  const changed = await as<Policy>('alex', 'PUT', `${PATH}/${made.body.id}`, {
    ...made.body,
    plan: plan({ holdTtlMs: 62_000 }),
  });
  expect(changed.body).toMatchObject({ id: made.body.id, version: 2 });
  expect((await planFor(api.knex, clinicId, 'therapy', 'couples')).holdTtlMs).toBe(62_000);
  const stale = await as('alex', 'PUT', `${PATH}/${made.body.id}`, made.body);
  expect(stale.body).toMatchObject({ status: 409, code: 'version_conflict', currentVersion: 2 });
  await as('alex', 'PUT', `${PATH}/${made.body.id}`, {
    ...changed.body,
    isActive: false,
  });
  expect((await planFor(api.knex, clinicId, 'therapy', 'couples')).holdTtlMs).toBe(
    DEFAULT_PLAN.holdTtlMs,
  );
});

test('one use has one active policy, however many are made at once', async () => {
  const body = { name: 'Twin', door: 'booking', sessionType: 'twin', plan: plan() };
  const replies = await Promise.all([1, 2, 3].map(() => clinic.as('alex', 'POST', PATH, body)));
  expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
  const other = await clinic.as<Policy>('alex', 'POST', PATH, { ...body, sessionType: 'other' });
  const moved = await clinic.as('alex', 'PUT', `${PATH}/${other.body.id}`, body);
  expect(moved.body).toMatchObject({ status: 409, code: 'already_exists' });
});

test('the list pages through the clinic’s own policies', async () => {
  const list = await clinic.as<{ data: Policy[] }>('alex', 'GET', `${PATH}?limit=100`);
  expect(list.body.data.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['therapy: ordinary', 'therapy: quick']),
  );
  const foreign = await clinic.as<{ data: Policy[] }>('stranger', 'GET', PATH);
  expect(foreign.body.data).toEqual([]);
  const id = list.body.data[0]!.id;
  const body = { name: 'Mine now', plan: plan() };
  expect((await clinic.as('stranger', 'PUT', `${PATH}/${id}`, body)).status).toBe(404);
});

test.each<[string, Record<string, unknown>, string]>([
  ['no plan', { plan: undefined }, 'plan'],
  ['half a plan', { plan: { holdTtlMs: 60_000 } }, 'plan.approval'],
  ['a blank name', { name: '  ' }, 'name'],
  ['an unknown door', { door: 'garden' }, 'door'],
  ['a hold of nothing', { plan: plan({ holdTtlMs: 0 }) }, 'plan.holdTtlMs'],
  ['a text for a number', { plan: plan({ horizonMs: '90 days' }) }, 'plan.horizonMs'],
  ['half a millisecond', { plan: plan({ noShowGraceMs: 0.5 }) }, 'plan.noShowGraceMs'],
  ['ten years', { plan: plan({ attendanceWindowMs: 3.2e11 }) }, 'plan.attendanceWindowMs'],
  [
    'an unknown approver',
    { plan: plan({ approval: { by: 'client', ttlMs: 60_000 } }) },
    'plan.approval.by',
  ],
  [
    'a fee above the price',
    { plan: plan({ cancellation: { freeUntilBeforeStartMs: 0, feePercent: 101 } }) },
    'plan.cancellation.feePercent',
  ],
  [
    'an unknown channel',
    { plan: plan({ reminders: [{ beforeStartMs: 60_000, channels: ['pigeon'] }] }) },
    'plan.reminders.0.channels.0',
  ],
  [
    'the same reminder twice',
    {
      plan: plan({
        reminders: [
          { beforeStartMs: 60_000, channels: ['sms'] },
          { beforeStartMs: 60_000, channels: ['email'] },
        ],
      }),
    },
    'plan.reminders.1.beforeStartMs',
  ],
  [
    'a notice beyond the horizon',
    { plan: plan({ horizonMs: 3_600_000, minimumNoticeMs: 7_200_000, reminders: [] }) },
    'plan.horizonMs',
  ],
  [
    'a charge that no authorisation survives',
    {
      plan: plan({
        payment: { ...DEFAULT_PLAN.payment, timing: 'near_session', nearSessionMs: 864_000_000 },
      }),
    },
    'plan.payment.nearSessionMs',
  ],
  [
    'a charge that comes after the host may have begun',
    {
      plan: plan({
        payment: { ...DEFAULT_PLAN.payment, timing: 'near_session', nearSessionMs: 600_000 },
        room: { opensBeforeStartMs: 600_000, closesAfterEndMs: 0 },
      }),
    },
    'plan.payment.nearSessionMs',
  ],
])('%s is refused by name', async (_what, change, field) => {
  const body = { name: 'Faulty', sessionType: 'faulty', plan: plan(), ...change };
  const reply = await clinic.as('alex', 'POST', PATH, body);
  expect(reply.status).toBe(400);
  expect(reply.body).toMatchObject({
    code: 'malformed_request',
    errors: expect.arrayContaining([expect.objectContaining({ field })]),
  });
  const kept = await clinic.api.knex('policies').where({ session_type: 'faulty' });
  expect(kept).toEqual([]);
});
