import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  type AlertAnswer,
  acknowledgeUpdate,
  alertStateQuery,
  resolveUpdate,
  signSignal,
} from '../../workflows/messages/crisis-alert.ts';
import { CrisisWorld, withCrisisWorker } from '../support/alert-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 120_000);
afterAll(() => environment.teardown());

function acknowledge(handle: WorkflowHandle, personId: string): Promise<AlertAnswer> {
  return handle.executeUpdate(acknowledgeUpdate, { args: [{ personId, via: 'api' }] });
}

function resolve(handle: WorkflowHandle, personId: string): Promise<AlertAnswer> {
  return handle.executeUpdate(resolveUpdate, {
    args: [{ personId, via: 'api', outcome: 'safe' }],
  });
}

test('a hundred unanswered rounds go on paging, and one acknowledgement ends them', async () => {
  const world = new CrisisWorld();
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    const { runId } = await handle.describe();
    while ((world.pages.at(-1)?.batch ?? 0) < 100) await environment.sleep('45 seconds');
    // Between two rounds: the server of the skipping clock loses updates that meet a round.
    await environment.sleep('20 seconds');
    const [by] = world.team as [string];
    const current = environment.client.workflow.getHandle(handle.workflowId);
    const answer = await acknowledge(current, by);
    expect(answer).toEqual({ kind: 'done', status: 'held', holderId: by, isRecorded: true });
    const sent = world.pages.length;
    await environment.sleep('2 minutes');
    expect(world.pages).toHaveLength(sent);
    expect(world.calls.filter((name) => name === 'stopPages')).toHaveLength(1);
    // So long a life takes several runs.
    expect((await current.describe()).runId).not.toBe(runId);
    const rounds = [...new Set(world.pages.map(({ batch }) => batch))];
    expect(rounds).toEqual(Array.from({ length: rounds.length }, (_, index) => index + 1));
    await resolve(current, by);
    await current.result();
  });
}, 120_000);

test('a long run goes on as a new one, though signs of the holder put off whatever is due', async () => {
  const world = new CrisisWorld();
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    const { runId } = await handle.describe();
    await until(() => world.pages.length >= 4);
    const [by] = world.team as [string];
    await acknowledge(handle, by);
    const current = environment.client.workflow.getHandle(handle.workflowId);
    const isNew = async (): Promise<boolean> => (await current.describe()).runId !== runId;
    for (let signs = 0; signs < 1_600; signs += 1) {
      await current.signal(signSignal, { personId: by });
      if (signs % 50 === 49 && (await isNew())) break;
    }
    await until(isNew);
    expect(await current.query(alertStateQuery)).toMatchObject({ kind: 'held', holderId: by });
    await resolve(current, by);
  });
}, 120_000);
