import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Actor } from '../../workflows/messages/session.ts';
import * as messages from '../../workflows/messages/session.ts';
import { World, registerSearchAttributes, withSession } from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

const client: Actor = { personId: '0197a000-0000-7000-8000-000000000001', party: 'client' };
const therapist: Actor = { personId: '0197a000-0000-7000-8000-000000000002', party: 'therapist' };
const payment = { actor: client, paymentId: '0197a000-0000-7000-8000-000000000003' };
const standard = { actor: client, wantsRefund: true, fee: 'standard' } as const;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

test('cancelling late costs the fee and gives back the rest', async () => {
  const world = new World();
  let refunded = 0;
  world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
  world.money.refundPayment = async ({ refundCents }) => {
    refunded += refundCents;
    return { kind: 'refunded' };
  };
  const wish = { startsInMs: 20 * 3_600_000 };
  await withSession(environment, world, wish, async ({ handle }) => {
    await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
    await handle.executeUpdate(messages.payUpdate, { args: [payment] });
    const cancelled = await handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
    expect(cancelled).toMatchObject({ status: 'cancelled', feeCents: 7_500, refundCents: 7_500 });
    await handle.result();
  });
  expect(refunded).toBe(7_500);
});

test('a time that others chose at short notice is cancelled for nothing', async () => {
  const world = new World();
  await withSession(environment, world, {}, async ({ handle, startsAt }) => {
    await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
    await handle.executeUpdate(messages.payUpdate, { args: [payment] });
    const soon = startsAt - 69 * 3_600_000;
    const move = { actor: therapist, startsAt: soon, endsAt: soon + 3_000_000 };
    await handle.executeUpdate(messages.rescheduleUpdate, { args: [move] });
    const cancelled = await handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
    expect(cancelled).toMatchObject({ feeCents: 0, refundCents: 15_000 });
    await handle.result();
  });
});

test.each([
  ['a client may leave their money', client, 0],
  ['a therapist keeps none of it, whatever they ask for', therapist, 15_000],
  ['nor does the clinic', { ...therapist, party: 'staff' }, 15_000],
] as const)('who cancels without a refund: %s', async (_name, actor, refundCents) => {
  const world = new World();
  const refunds: number[] = [];
  world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
  world.money.refundPayment = async (request) => {
    refunds.push(request.refundCents);
    return { kind: 'refunded' };
  };
  await withSession(environment, world, {}, async ({ handle }) => {
    await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
    await handle.executeUpdate(messages.payUpdate, { args: [payment] });
    const request = { ...standard, actor, wantsRefund: false };
    const cancelled = await handle.executeUpdate(messages.cancelUpdate, { args: [request] });
    expect(cancelled).toMatchObject({ status: 'cancelled', refundCents });
    await handle.result();
  });
  expect(refunds).toEqual(refundCents === 0 ? [] : [refundCents]);
});
