import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEFAULT_PLAN } from '../../domain/plan.ts';
import * as messages from '../../workflows/messages/session.ts';
import { World, registerSearchAttributes, withSession } from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

const HOST = { personId: null, party: 'therapist' } as const;
const OPENS_MS = DEFAULT_PLAN.room!.opensBeforeStartMs;
const CONFIRMED = {
  status: 'confirmed',
  payment: 'not_due',
  approval: 'not_needed',
  answerDueAt: null,
  paymentDueAt: null,
} as const;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

test('the host begins as early as the room opens, once, and the start itself changes nothing', async () => {
  const world = new World();
  const wish = { state: CONFIRMED, dueCents: 0, startsInMs: OPENS_MS + 60_000 };
  await withSession(environment, world, wish, async ({ handle }) => {
    const begin = () => handle.executeUpdate(messages.beginUpdate, { args: [{ actor: HOST }] });
    await expect(begin()).rejects.toMatchObject({ cause: { type: 'wrong_state' } });
    await environment.sleep(61_000);
    expect(await begin()).toMatchObject({ status: 'in_progress' });
    expect(await begin()).toMatchObject({ status: 'in_progress' });
    await handle.result();
  });
  expect(world.events.filter((event) => event === 'started')).toHaveLength(1);
  expect(world.events.at(-1)).toBe('completed');
});

test('what is no request is refused before it reaches the session', async () => {
  const world = new World();
  const wish = { state: CONFIRMED, dueCents: 0, startsInMs: OPENS_MS / 2 };
  await withSession(environment, world, wish, async ({ handle }) => {
    const nobody = handle.executeUpdate('begin', { args: [{ actor: 'me' }] });
    await expect(nobody).rejects.toMatchObject({ cause: { type: 'malformed_request' } });
    await handle.result();
  });
});
