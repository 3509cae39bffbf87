import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { developmentServerFlags } from '../../scripts/parts/temporal-flags.ts';
import { provideTemporalCli } from '../../scripts/provision/temporal-tools.ts';
import * as messages from '../../workflows/messages/session.ts';
import { World, withSession } from '../support/session-workflow.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  const path = await provideTemporalCli();
  const suggestsSoon = ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'];
  environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: [...developmentServerFlags, ...suggestsSoon],
    },
  });
}, 120_000);
afterAll(async () => environment.teardown());

test('a long history goes on in a new run with all that was open in the old one', async () => {
  const world = new World();
  const sent: string[] = [];
  const settled: string[] = [];
  const reminder = { offsetMs: HOUR_MS, channel: 'sms', recipientId: 'r' } as const;
  const plan = (now: number) => [
    { ...reminder, key: 'sent', dueAt: now + 500 },
    { ...reminder, key: 'early', dueAt: now + 4_500 },
    { ...reminder, key: 'later', dueAt: now + HOUR_MS },
  ];
  world.session.planReminders = async ({ scheduleVersion }) =>
    scheduleVersion === 1 ? plan(Date.now()) : [];
  world.session.sendReminder = async ({ reminder: { key } }) => {
    sent.push(key);
    return { state: 'sent' };
  };
  world.session.settleReminder = async ({ reminder: { key } }) => {
    settled.push(key);
    return { state: 'failed' };
  };
  world.money.syncPayment = async () => ({ kind: 'created' });
  const wish = {
    state: { status: 'confirmed', payment: 'captured' },
    plan: { receiptWindowMs: HOUR_MS },
    startsInMs: 30 * HOUR_MS,
  } as const;
  await withSession(environment, world, wish, async ({ handle, startsAt }) => {
    await until(() => sent.includes('sent'));
    const { runId } = await handle.describe();
    const isNewRun = async (): Promise<boolean> => (await handle.describe()).runId !== runId;
    const read = (): number => world.calls.filter((call) => call === 'syncPayment').length;
    // Receipts overtake the answers that they belong to; a slow machine may be too late for this one.
    await handle.signal(messages.sendSettledSignal, { key: 'early', state: 'failed' });
    for (let told = 1; !(await isNewRun()); told += 1) {
      await handle.signal(messages.paymentNewsSignal, { paymentId: randomUUID() });
      await until(() => read() >= told);
    }
    // What is known of the first text is acted on by the new run; the second is still planned.
    await handle.signal(messages.sendSettledSignal, { key: 'sent', state: 'failed' });
    await until(() => settled.length === 2);
    expect(await handle.query(messages.standingQuery)).toEqual({
      status: 'confirmed',
      payment: 'captured',
    });
    const time = { startsAt: startsAt + HOUR_MS, endsAt: startsAt + 2 * HOUR_MS };
    const actor = { personId: null, party: 'staff' } as const;
    await handle.executeUpdate(messages.rescheduleUpdate, { args: [{ actor, ...time }] });
    await handle.cancel();
    expect(await handle.result()).toEqual({ status: 'cancelled' });
  });
  expect(sent.toSorted()).toEqual(['early', 'sent']);
  expect(settled.toSorted()).toEqual(['early', 'sent']);
  expect(world.calls.filter((call) => call === 'notify confirmed')).toHaveLength(1);
  expect(world.transitions.map(({ version }) => version)).toEqual([2, 3]);
  expect(world.calls.filter((call) => call === 'planReminders')).toHaveLength(2);
});
