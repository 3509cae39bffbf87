import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Knex } from 'knex';
import { createClientDataConverter } from '../../crypto/data-converter.ts';
import { type KeyRing, createKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { migrate } from '../../db/migrate.ts';
import { ensureDatabase } from '../../scripts/parts/database.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../../scripts/parts/postgres.ts';
import { temporalServerArguments } from '../../scripts/parts/temporal.ts';
import { provideTemporalCli } from '../../scripts/provision/temporal-tools.ts';
import { freePort } from './free-port.ts';
import { environmentOf, openSandbox, prepareBundle } from './stack-environment.ts';
import { type StackProcess, startProcess } from './stack-process.ts';
import { until } from './until.ts';

/** A part that can be killed as when its machine loses its power, and begun again where it was. */
export interface Part {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export type PartName = 'postgres' | 'temporal' | 'api' | 'worker';

/** The whole product in processes of its own, each part on its own data. */
export interface OutageStack {
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  readonly databaseUrl: string;
  readonly keyRing: KeyRing;
  readonly knex: Knex;
  readonly temporal: Client;
  readonly parts: Readonly<Record<PartName, Part>>;
  /** Starts the product over what was put into its database. */
  start(): Promise<void>;
  logs(): string;
  close(): Promise<void>;
}

const NAMESPACE = 'default';
const POSTGRES_SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '100' };

export async function startOutageStack(): Promise<OutageStack> {
  await prepareBundle('crisis');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-outage-'));
  chmodSync(folder, 0o711);
  const closing: (() => Promise<unknown>)[] = [
    async () => rmSync(folder, { recursive: true, force: true }),
  ];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end().catch(() => undefined);
  };
  try {
    return await assemble(folder, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  folder: string,
  closing: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<OutageStack> {
  const postgres = await startPostgres(folder);
  closing.push(() => postgres.kill());
  const address = `127.0.0.1:${String(await freePort())}`;
  const temporal = await startTemporal(folder, Number(address.split(':')[1]));
  closing.push(() => temporal.kill());
  const apiPort = String(await freePort());
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const sandbox = await openSandbox(apiUrl);
  closing.push(() => sandbox.close());
  const keysFile = join(folder, 'keys.json');
  const keyRing = await createKeyRing(keysFile);
  const { url: databaseUrl } = postgres;
  const reached = { address, namespace: NAMESPACE };
  const env = {
    ...environmentOf({ databaseUrl, temporal: reached, sandbox, apiUrl, keysFile }),
    PORT: apiPort,
  };
  const processes: StackProcess[] = [];
  const api = new ProductPart(processes, 'api/main.ts', env, 'the API listens');
  const crisisPort = String(await freePort());
  const worker = new ProductPart(
    processes,
    'workers/crisis/main.ts',
    { ...env, CRISIS_WORKER_PORT: crisisPort },
    'the crisis worker runs',
  );
  closing.push(
    () => api.kill(),
    () => worker.kill(),
  );
  const knex = openDatabase(databaseUrl, {
    maxConnections: 4,
    acquireTimeoutMs: 10_000,
    queryTimeoutMs: 10_000,
  });
  const connection = Connection.lazy({ address, connectTimeout: 2_000 });
  closing.push(
    () => knex.destroy(),
    () => connection.close(),
  );
  return {
    apiUrl,
    sandboxUrl: sandbox.url,
    databaseUrl,
    keyRing,
    knex,
    temporal: new Client({ connection, dataConverter: createClientDataConverter(keyRing) }),
    parts: { postgres, temporal, api, worker },
    start: async () => {
      await Promise.all([api.restart(), worker.restart()]);
    },
    logs: () => processes.map(({ output }) => output()).join('\n'),
    close,
  };
}

async function startPostgres(folder: string): Promise<Part & { readonly url: string }> {
  const options: ClusterOptions = {
    dataFolder: join(folder, 'postgres'),
    port: await freePort(),
    password: 'outage',
    logFile: join(folder, 'postgres.log'),
    settings: POSTGRES_SETTINGS,
    readyWithinMs: 60_000,
  };
  const start = async (): Promise<Cluster> => {
    const started = await startCluster(options);
    endWithTests(started.process);
    return started;
  };
  let cluster = await start();
  const url = cluster.url('holdfast');
  await ensureDatabase(cluster.url('postgres'), 'holdfast');
  await migrate(url);
  return {
    url,
    kill: () => killGroup(cluster.process),
    restart: async () => {
      cluster = await start();
    },
  };
}

async function startTemporal(folder: string, port: number): Promise<Part> {
  const command = await provideTemporalCli();
  const uiPort = await freePort();
  const args = temporalServerArguments({
    databaseFile: join(folder, 'temporal.db'),
    port,
    uiPort,
    namespace: NAMESPACE,
    codecEndpoint: 'http://127.0.0.1:9/codec',
  });
  let child: ChildProcess;
  const restart = async (): Promise<void> => {
    const log = openSync(join(folder, 'temporal.log'), 'a');
    child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    endWithTests(child);
    await until(() => answers(`http://127.0.0.1:${String(uiPort)}/api/v1/namespaces/${NAMESPACE}`));
  };
  await restart();
  return { restart, kill: () => killGroup(child) };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A test run that is cut short leaves no server behind. */
function endWithTests(child: ChildProcess): void {
  process.once('exit', () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, 'SIGKILL');
  });
}

/** The process and all that it has started. */
async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}

class ProductPart implements Part {
  readonly #processes: StackProcess[];
  readonly #entry: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #ready: string;
  #running: StackProcess | undefined;

  constructor(
    processes: StackProcess[],
    entry: string,
    env: Readonly<Record<string, string>>,
    ready: string,
  ) {
    this.#processes = processes;
    this.#entry = entry;
    this.#env = env;
    this.#ready = ready;
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  async restart(): Promise<void> {
    this.#running = await startProcess(this.#entry, [], this.#env, this.#ready);
    this.#processes.push(this.#running);
  }
}
