import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import protoPackage from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { v7 as uuid } from 'uuid';
import {
  createClientDataConverter,
  createDataConverter,
  failureConverterPath,
} from '../../crypto/data-converter.ts';
import { createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { UNDECODABLE } from '../../crypto/payload-codec.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { finishSignal, tellUpdate } from './secret-workflow.ts';
import type { SecretActivities, failingWorkflow, secretWorkflow } from './secret-workflow.ts';

const MARK = 'marked-text-of-a-client';
const History = protoPackage.temporal.api.history.v1.History;

let environment: TestWorkflowEnvironment;
let bundle: WorkflowBundle;
let folder: string;
let path: string;
let ring: KeyRing;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  environment = await timeSkippingEnvironment();
  bundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./secret-workflow.ts', import.meta.url)),
    failureConverterPath,
    logger: new DefaultLogger('ERROR'),
  });
  folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  path = join(folder, 'keys.json');
  ring = await createKeyRing(path);
}, 120_000);

afterAll(async () => {
  await environment.teardown();
  await rm(folder, { recursive: true, force: true });
});

const activities: SecretActivities = {
  echo: async (text) => text,
  fail: async (text) => {
    throw ApplicationFailure.create({
      type: 'refused',
      message: text,
      details: [text],
      cause: new Error(text),
      nonRetryable: true,
    });
  },
};

function clientWith(keyRing: KeyRing): Client {
  const { connection, namespace } = environment;
  return new Client({
    connection,
    namespace: namespace ?? 'default',
    dataConverter: createClientDataConverter(keyRing),
  });
}

async function withWorker(
  keyRing: KeyRing,
  story: (taskQueue: string) => Promise<void>,
): Promise<void> {
  const taskQueue = uuid();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    activities,
    dataConverter: createDataConverter(keyRing),
  });
  await worker.runUntil(story(taskQueue));
}

/** Everything that the server keeps of a workflow, as bytes. */
async function storedBytes(handle: WorkflowHandle): Promise<string> {
  const history = await handle.fetchHistory();
  return Buffer.from(History.encode(history).finish()).toString('latin1');
}

async function rawSignal(workflowId: string, payload: Record<string, unknown>): Promise<void> {
  await environment.connection.workflowService.signalWorkflowExecution({
    namespace: environment.namespace ?? 'default',
    workflowExecution: { workflowId },
    signalName: finishSignal.name,
    input: { payloads: [payload] },
  });
}

test('no text is in clear in a history: input, update, activity, failure, summary, result', async () => {
  await withWorker(ring, async (taskQueue) => {
    const client = clientWith(ring);
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof secretWorkflow>(
      'secretWorkflow',
      { taskQueue, workflowId: uuid(), args: [MARK], workflowIdConflictPolicy: 'FAIL' },
    );
    const told = await client.workflow.executeUpdateWithStart(tellUpdate, {
      args: [MARK],
      startWorkflowOperation,
    });
    expect(told).toBe(`${MARK}!`);
    const handle = await startWorkflowOperation.workflowHandle();
    await handle.signal(finishSignal, 'now');
    expect(await handle.result()).toEqual({ secret: MARK, refused: [] });
    const stored = await storedBytes(handle);
    expect(stored).toContain('binary/encrypted');
    expect(stored).not.toContain(MARK);
    expect(stored).not.toContain(Buffer.from(MARK).toString('base64').slice(0, 24));
  });
}, 120_000);

test('a failure keeps its type in clear and its texts encrypted; the client reads them', async () => {
  await withWorker(ring, async (taskQueue) => {
    const handle = await clientWith(ring).workflow.start<typeof failingWorkflow>(
      'failingWorkflow',
      { taskQueue, workflowId: uuid(), args: [MARK] },
    );
    const error = await handle.result().catch((fault: unknown) => fault);
    expect(error).toMatchObject({
      cause: {
        cause: { type: 'refused', message: MARK, details: [MARK], cause: { message: MARK } },
      },
    });
    const stored = await storedBytes(handle);
    expect(stored).toContain('refused');
    expect(stored).not.toContain(MARK);
  });
}, 120_000);

test('injected signals stall nothing, and one in clear is heard', async () => {
  await withWorker(ring, async (taskQueue) => {
    const workflowId = uuid();
    const handle = await clientWith(ring).workflow.start<typeof secretWorkflow>('secretWorkflow', {
      taskQueue,
      workflowId,
      args: [MARK],
    });
    const encoding = Buffer.from('binary/encrypted');
    const own = Buffer.from((await ring.current('payloads')).id);
    for (const keyId of [Buffer.from('invented'), own]) {
      await rawSignal(workflowId, {
        metadata: { encoding, 'encryption-key-id': keyId },
        data: Buffer.alloc(64, 1),
      });
    }
    await rawSignal(workflowId, {
      metadata: { encoding: Buffer.from('json/plain') },
      data: Buffer.from('"now"'),
    });
    expect(await handle.result()).toEqual({ secret: MARK, refused: [UNDECODABLE, UNDECODABLE] });
  });
}, 120_000);

test('a worker whose key file comes late goes on as soon as it has it', async () => {
  const latePath = join(folder, 'late.json');
  await copyFile(path, latePath);
  const late = await loadKeyRing(latePath);
  await ring.rotate('payloads');
  await withWorker(late, async (taskQueue) => {
    const handle = await clientWith(ring).workflow.start<typeof failingWorkflow>(
      'failingWorkflow',
      { taskQueue, workflowId: uuid(), args: [MARK] },
    );
    const failedTask = async (): Promise<boolean> => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).some((event) => event.workflowTaskFailedEventAttributes != null);
    };
    while (!(await failedTask())) await environment.sleep('100ms');
    await copyFile(path, latePath);
    await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { message: MARK } } });
  });
}, 120_000);
