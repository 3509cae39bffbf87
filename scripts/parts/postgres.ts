import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { clusterFolder, databaseAccount, postgresBinaries } from './postgres-files.ts';

const run = promisify(execFile);

export interface ClusterOptions {
  /** The data folder; created and initialised when it is empty. */
  dataFolder: string;
  port: number;
  password: string;
  logFile: string;
  /** Server settings, as in postgresql.conf. */
  settings: Readonly<Record<string, string>>;
  /** How long the server may take to answer, including recovery after a crash. */
  readyWithinMs: number;
  /** Told at once, before the server answers. */
  onSpawn?: (pid: number) => void;
}

export interface Cluster {
  /** Where the data really is. */
  folder: string;
  process: ChildProcess;
  /** The address of one database of the cluster. */
  url(database: string): string;
  /** Ends the server after the open transactions were rolled back; a second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server on 127.0.0.1 in a process group of its own, after initialising its data
 * folder when there is none. Rejects with one sentence when it doesn't answer in time.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const account = databaseAccount();
  const binaries = postgresBinaries(account);
  const folder = clusterFolder(options.dataFolder, account);
  const identity: SpawnOptions = { ...account, cwd: '/' };
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    await initialise(binaries.initdb, folder, options.password, identity);
  }
  const log = openSync(options.logFile, 'a', 0o600);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(binaries.postgres, ['-D', folder, '-p', String(options.port), ...flags], {
    ...identity,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  if (server.pid !== undefined) options.onSpawn?.(server.pid);
  const url = (database: string): string =>
    `postgresql://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/${database}`;
  await untilReady(server, url('postgres'), options);
  let stopping: Promise<void> | undefined;
  return { folder, process: server, url, stop: () => (stopping ??= stopServer(server)) };
}

async function initialise(
  initdb: string,
  folder: string,
  password: string,
  identity: SpawnOptions,
): Promise<void> {
  // Built beside and renamed, so that an interrupted initialisation leaves no half-made cluster.
  const building = `${folder}.new`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(dirname(building), { recursive: true });
  mkdirSync(building, { mode: 0o700 });
  const passwordFile = `${building}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (identity.uid !== undefined && identity.gid !== undefined) {
    chownSync(building, identity.uid, identity.gid);
    chownSync(passwordFile, identity.uid, identity.gid);
  }
  try {
    const flags = ['--auth=scram-sha-256', '--username=postgres', '--encoding=UTF8', '--no-sync'];
    const locale = ['--locale-provider=builtin', '--locale=C.UTF-8'];
    const paths = [`--pgdata=${building}`, `--pwfile=${passwordFile}`];
    await run(initdb, [...paths, ...flags, ...locale], identity);
    renameSync(building, folder);
  } catch (fault) {
    const complaint = (fault as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new Error(
      `PostgreSQL could not make its data folder: ${complaint ?? 'no reason given'}.`,
      {
        cause: fault,
      },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function untilReady(
  server: ChildProcess,
  url: string,
  options: ClusterOptions,
): Promise<void> {
  const deadline = performance.now() + options.readyWithinMs;
  let failed: string | undefined;
  server.once('error', (fault) => (failed = fault.message));
  server.once('exit', (code) => (failed = `it ended with code ${code}`));
  while (failed === undefined && performance.now() < deadline) {
    if (await answers(url)) return;
    await delay(50);
  }
  if (failed === undefined) await stopServer(server);
  throw new Error(
    `PostgreSQL did not start on port ${options.port} (${failed ?? 'no answer in time'}); see ${options.logFile}.`,
  );
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGINT');
  const late = setTimeout(() => server.kill('SIGQUIT'), 15_000);
  await ended;
  clearTimeout(late);
}
