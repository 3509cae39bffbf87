import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createClientDataConverter } from '../../crypto/data-converter.ts';
import { createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Sandbox } from '../../sandbox/server.ts';
import { searchAttributes } from '../../scripts/parts/temporal-flags.ts';
import { type TestApi, startTestApi } from './api.ts';
import { freePort } from './free-port.ts';
import type { KillPoint } from './killable-points.ts';
import { environmentOf, gatewaysTo, openSandbox, prepareBundle } from './stack-environment.ts';
import { holdNews } from './stack-news.ts';
import { QUICK_PLAN, setPlan } from './stack-people.ts';
import { type StackProcess, startProcess } from './stack-process.ts';

export interface StackOptions {
  /** What sessions are booked under; quick by default. */
  readonly plan?: Plan;
  /** A key file to work with, for histories that must open later; a fresh one by default. */
  readonly keysFile?: string;
}

/** The whole product on one database and one Temporal namespace of its own, stand-ins included. */
export interface Stack {
  readonly api: TestApi;
  readonly namespace: string;
  readonly temporal: Client;
  readonly sandboxUrl: string;
  /** Starts the core worker, as `npm start` does. */
  startWorker(): Promise<StackProcess>;
  /** Starts the worker of alerts, as `npm start` does. */
  startCrisisWorker(): Promise<StackProcess>;
  /** Starts another host of rooms, with one media worker of this program. */
  startMediaHost(workerBin: string, env?: Readonly<Record<string, string>>): Promise<StackProcess>;
  /** Starts the core worker so that it kills itself at a point. */
  startKillableWorker(point: KillPoint): Promise<StackProcess>;
  /** Starts an API that kills itself at a point; the stack's own API stays as it is. */
  startKillableApi(point: KillPoint): Promise<StackProcess & { readonly url: string }>;
  /** What all processes of the stack have written, dead ones included. */
  logs(): string;
  close(): Promise<void>;
}

/** One call brings everything up but the worker: the API runs here, the rest as it really does. */
export async function startStack(
  server: TestWorkflowEnvironment,
  options: StackOptions = {},
): Promise<Stack> {
  await prepareBundle();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-stack-'));
  const keysFile = join(folder, 'keys.json');
  if (options.keysFile !== undefined) await copyKeys(options.keysFile, keysFile);
  const keyRing =
    options.keysFile === undefined ? await createKeyRing(keysFile) : await loadKeyRing(keysFile);
  const namespace = await openNamespace(server);
  const temporal = new Client({
    connection: server.connection,
    namespace,
    dataConverter: createClientDataConverter(keyRing),
  });
  const parts: { sandbox?: Sandbox } = {};
  const api = await startTestApi(async (url) => {
    parts.sandbox = await openSandbox(url);
    return { ...gatewaysTo(parts.sandbox, url, keyRing), temporal };
  });
  await setPlan(api, options.plan ?? QUICK_PLAN);
  const sandbox = parts.sandbox!;
  const env = environmentOf({
    databaseUrl: api.databaseUrl,
    temporal: { address: server.address, namespace },
    sandbox,
    apiUrl: api.url,
    keysFile,
  });
  return assemble({ api, namespace, temporal, sandbox, env, folder });
}

async function copyKeys(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o600);
}

let namespaces = 0;

/** Sessions always use the one task queue of the product, so what keeps stacks apart is a namespace. */
async function openNamespace(server: TestWorkflowEnvironment): Promise<string> {
  namespaces += 1;
  const namespace = `stack-${process.pid}-${String(namespaces)}`;
  const { workflowService, operatorService } = server.connection;
  await workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const codes = { Keyword: 2, Datetime: 6 } as const;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(searchAttributes).map(([name, type]) => [name, codes[type]]),
    ),
  });
  return namespace;
}

interface Parts {
  readonly api: TestApi;
  readonly namespace: string;
  readonly temporal: Client;
  readonly sandbox: Sandbox;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

function assemble({ api, namespace, temporal, sandbox, env, folder }: Parts): Stack {
  const processes: StackProcess[] = [];
  const start = async (
    entry: string,
    args: readonly string[],
    ready: string,
    ports: Readonly<Record<string, string>> = {},
  ): Promise<StackProcess> => {
    const started = await startProcess(entry, args, { ...env, ...ports }, ready);
    processes.push(started);
    return started;
  };
  return {
    api,
    namespace,
    temporal,
    sandboxUrl: sandbox.url,
    startWorker: async () =>
      start('workers/core/main.ts', [], 'the core worker runs', {
        WORKER_PORT: String(await freePort()),
      }),
    startCrisisWorker: async () => {
      await prepareBundle('crisis');
      return start('workers/crisis/main.ts', [], 'the crisis worker runs', {
        CRISIS_WORKER_PORT: String(await freePort()),
      });
    },
    startMediaHost: async (workerBin, own = {}) => {
      const [port, first] = [await freePort(), await freePort()];
      return start('workers/media/main.ts', [], 'the media host runs', {
        MEDIA_PORT: String(port),
        MEDIASOUP_MIN_PORT: String(first),
        MEDIASOUP_MAX_PORT: String(Math.min(first + 20, 65_535)),
        MEDIASOUP_WORKERS: '1',
        MEDIASOUP_WORKER_BIN: workerBin,
        ...own,
      });
    },
    startKillableWorker: (point) =>
      start('test/support/killable-worker.ts', [point], 'the core worker runs'),
    startKillableApi: async (point) => {
      const port = String(await freePort());
      const child = await start('test/support/killable-api.ts', [point], 'the API listens', {
        PORT: port,
      });
      return { ...child, url: `http://127.0.0.1:${port}` };
    },
    logs: () => [...processes.map(({ output }) => output()), JSON.stringify(api.logged)].join('\n'),
    close: async () => {
      await Promise.all(processes.map((each) => each.kill()));
      // None of the stand-ins' news shall meet a closing API.
      await holdNews(sandbox.url);
      await api.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
