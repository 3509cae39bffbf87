import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { type ReplayWorkerOptions, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import { createDataConverter } from '../../crypto/data-converter.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import { type Golden, keysFile, measure, readGoldens } from './golden.ts';

const MAX_EVENTS = 250;
const MAX_BYTES = 256 * 1024;

const goldens = await readGoldens();
let options: ReplayWorkerOptions;
beforeAll(async () => {
  // What a tampered history makes the SDK say is expected here.
  const telemetryOptions = { logging: { forward: {}, filter: 'OFF' } };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions });
  options = {
    workflowBundle: await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles')),
    dataConverter: createDataConverter(await loadKeyRing(keysFile)),
  };
}, 120_000);

interface Event {
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}

function eventsOf({ history }: Golden): Event[] {
  return (history as { events: Event[] }).events;
}

function named(name: string): Golden {
  const golden = goldens.find((each) => each.name === name);
  if (golden === undefined) throw new Error(`There is no history ${name}.`);
  return structuredClone(golden);
}

test('every workflow has a history', async () => {
  // It is read, since workflows can't be loaded outside of their sandbox.
  const index = await readFile(new URL('../../workflows/index.ts', import.meta.url), 'utf8');
  const workflows = [...index.matchAll(/export \{ (\w+) \}/g)].map(([, name]) => name);
  const recorded = new Set(goldens.map(({ history }) => measure(history).workflow));
  expect([...recorded].toSorted()).toEqual(workflows.toSorted());
});

test.each(goldens)('$name replays on the workflows as they are now', async (golden) => {
  await Worker.runReplayHistory(options, golden.history, golden.workflowId);
});

describe('a history that is not what the workflow would do', () => {
  test.each(goldens.filter(({ name }) => name !== 'sweep'))(
    '$name with another activity',
    async ({ name }) => {
      const golden = named(name);
      const scheduled = eventsOf(golden).find(
        (event) => event.activityTaskScheduledEventAttributes !== undefined,
      );
      scheduled!.activityTaskScheduledEventAttributes!.activityType.name = 'anotherActivity';
      const replay = Worker.runReplayHistory(options, golden.history, golden.workflowId);
      await expect(replay).rejects.toThrow(DeterminismViolationError);
    },
  );
});

test.each(goldens)('$name stays small', ({ history }) => {
  const { events, bytes } = measure(history);
  expect(events).toBeLessThanOrEqual(MAX_EVENTS);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});
