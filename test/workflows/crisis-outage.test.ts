import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import {
  type AlertAnswer,
  acknowledgeUpdate,
  resolveUpdate,
} from '../../workflows/messages/crisis-alert.ts';
import { CrisisWorld, withCrisisWorker } from '../support/alert-workflow.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

// On a server with a real clock: the skipping one stands still while an activity is tried again.
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
}, 120_000);
afterAll(() => environment.teardown());

const { critical } = DEFAULT_POLICIES;
const steps = critical.steps.map((step) => ({ ...step, waitMs: 300 }));
const quickly = { ...DEFAULT_POLICIES, critical: { ...critical, steps, followUpAfterMs: null } };

function acknowledge(handle: WorkflowHandle, personId: string): Promise<AlertAnswer> {
  return handle.executeUpdate(acknowledgeUpdate, { args: [{ personId, via: 'api' }] });
}

function resolve(handle: WorkflowHandle, personId: string): Promise<AlertAnswer> {
  return handle.executeUpdate(resolveUpdate, {
    args: [{ personId, via: 'api', outcome: 'safe' }],
  });
}

test('pages go on, an acknowledgement holds, and all is written down in the end', async () => {
  let isAway = true;
  const world: CrisisWorld = new CrisisWorld(
    (own) => ({
      recordAlert: async (step) => {
        if (isAway) throw ApplicationFailure.retryable('away', 'dependency_unavailable');
        own.records.push(step);
        return { kind: 'recorded' };
      },
      readContext: async () => {
        throw ApplicationFailure.nonRetryable('away', 'dependency_unavailable');
      },
      sendPage: async (job) => {
        own.pages.push(job);
        return { kind: 'sent', providerId: randomUUID(), isRecorded: !isAway };
      },
    }),
    quickly,
  );
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await until(() => (world.pages.at(-1)?.batch ?? 0) >= 5);
    const [by, other] = world.team as [string, string];
    expect(await acknowledge(handle, by)).toMatchObject({ kind: 'done', isRecorded: false });
    expect(await acknowledge(handle, other)).toMatchObject({ kind: 'already_held' });
    isAway = false;
    await until(() => world.records.some(({ state }) => state.kind === 'held'));
    const pages = world.records.flatMap((step) => step.pages);
    expect(pages).toHaveLength(world.pages.length);
    await resolve(handle, by);
  });
}, 20_000);
