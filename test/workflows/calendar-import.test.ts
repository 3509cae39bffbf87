import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { CalendarActivities, CalendarReading } from '../../activities/calendars/contract.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import {
  CALENDAR_IMPORT_WORKFLOW,
  type CalendarImportInput,
  lookNowSignal,
} from '../../workflows/messages/calendar-import.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

const MINUTE_MS = 60_000;
let environment: TestWorkflowEnvironment;
let workflowBundle: { codePath: string };

beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  workflowBundle = await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles'));
}, 120_000);
afterAll(() => environment.teardown());

/** Runs an import to its end; `read` is told of the number of the reading and the time. */
async function run(
  read: (count: number, signal: () => Promise<void>) => Promise<CalendarReading>,
): Promise<{ readonly at: number[]; readonly runs: number }> {
  const at: number[] = [];
  const runs = new Set<string>();
  const taskQueue = randomUUID();
  const workflowId = randomUUID();
  const handle = environment.client.workflow.getHandle(workflowId);
  const activities: CalendarActivities = {
    readCalendar: async () => {
      runs.add(Context.current().info.workflowExecution?.runId ?? '');
      at.push(await environment.currentTimeMs());
      return read(at.length, () => handle.signal(lookNowSignal));
    },
  };
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle,
    activities,
  });
  await worker.runUntil(async () => {
    const input: CalendarImportInput = { feedId: randomUUID() };
    const options = { taskQueue, workflowId, args: [input] };
    await environment.client.workflow.execute(CALENDAR_IMPORT_WORKFLOW, options);
  });
  return { at, runs: runs.size };
}

test('a calendar is read again when it is due, over many runs, until it is gone', async () => {
  const { at, runs } = await run(async (count) =>
    count === 45 ? { kind: 'gone' } : { kind: 'read', nextInMs: 15 * MINUTE_MS },
  );
  expect(at).toHaveLength(45);
  expect(runs).toBe(3);
  for (const [index, time] of at.slice(1).entries()) {
    expect(time - at[index]!).toBeGreaterThanOrEqual(15 * MINUTE_MS);
  }
});

test('a signal is not lost, though it comes while the calendar is being read', async () => {
  const { at } = await run(async (count, signal) => {
    if (count === 2) return { kind: 'gone' };
    await signal();
    return { kind: 'failed', nextInMs: 1_000 * MINUTE_MS };
  });
  expect(at[1]! - at[0]!).toBeLessThan(500 * MINUTE_MS);
});

test('a database that is down is waited for', async () => {
  const { at } = await run(async (count) => {
    if (count < 4) throw ApplicationFailure.retryable('down', 'dependency_unavailable');
    return { kind: 'gone' };
  });
  expect(at).toHaveLength(4);
});
