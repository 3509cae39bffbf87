import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Actor } from '../../workflows/messages/session.ts';
import * as messages from '../../workflows/messages/session.ts';
import { World, registerSearchAttributes, withSession } from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

const therapist: Actor = { personId: '0197a000-0000-7000-8000-000000000002', party: 'therapist' };

// A clock of its own: the skipping server does not skip any more once a child was abandoned.
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

test('news after the end is handed to a workflow that squares it', async () => {
  const world = new World();
  const paymentId = '0197a000-0000-7000-8000-000000000009';
  await withSession(environment, world, {}, async ({ handle }) => {
    world.session.notify = async ({ kind }) => {
      if (kind === 'declined') await handle.signal(messages.paymentNewsSignal, { paymentId });
    };
    await handle.executeUpdate(messages.declineUpdate, { args: [{ actor: therapist }] });
    expect(await handle.result()).toEqual({ status: 'declined' });
    const square = environment.client.workflow.getHandle(`reconciliation-${paymentId}`);
    await square.result();
  });
  expect(world.calls).toContain('reconcilePayment');
  expect(world.calls).not.toContain('syncPayment');
});

test('news of money does not wait for the mail server', async () => {
  const world = new World();
  const paymentId = '0197a000-0000-7000-8000-00000000000a';
  await withSession(environment, world, {}, async ({ handle }) => {
    const isSquared = (): boolean => world.calls.includes('reconcilePayment');
    // Down for as long as nobody has looked after the money.
    world.session.notify = async ({ kind }) => {
      if (kind !== 'declined' || isSquared()) return;
      await handle.signal(messages.paymentNewsSignal, { paymentId });
      throw ApplicationFailure.retryable('down', 'dependency_unavailable');
    };
    await handle.executeUpdate(messages.declineUpdate, { args: [{ actor: therapist }] });
    expect(await handle.result()).toEqual({ status: 'declined' });
  });
});
