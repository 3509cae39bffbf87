import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Ledger } from '../../scripts/launcher/ledger.ts';
import { startCluster } from '../../scripts/parts/postgres.ts';
import type { Cluster } from '../../scripts/parts/postgres.ts';
import { freePort } from './free-port.ts';

/** What a test file needs to make a database of its own. */
export interface TestServer {
  /** Address of the maintenance database. */
  adminUrl: string;
  /** Name of the migrated database to copy. */
  template: string;
}

/** The database server of one test run; nothing starts before the first test file asks for it. */
export interface ServerHolder {
  /** The run's temporary folder. */
  folder: string;
  server(): Promise<TestServer>;
  close(): Promise<void>;
}

const prefix = 'holdfast-test-';

/** Speed matters here and the data doesn't: a crash of the machine may lose all of it. */
const forgetful = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '400',
  shared_buffers: '128MB',
  autovacuum_naptime: '10min',
};

/** Holds the server at `databaseUrl`, or an embedded one in a temporary folder when there is none. */
export function holdServer(databaseUrl: string | undefined): ServerHolder {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711);
  const ledger = new Ledger(join(folder, 'run'));
  ledger.claim();
  let cluster: Cluster | undefined;
  let ready: Promise<TestServer> | undefined;
  const start = async (): Promise<TestServer> => {
    let adminUrl = databaseUrl;
    if (adminUrl === undefined) {
      await endAbandonedClusters();
      cluster = await startEmbedded(folder, ledger);
      adminUrl = cluster.url('postgres');
    }
    return { adminUrl, template: await makeTemplate(adminUrl) };
  };
  return {
    folder,
    server: () => (ready ??= start()),
    close: async () => {
      const started = await ready?.catch(() => undefined);
      if (cluster) await cluster.stop();
      else if (started) await dropTemplate(started);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A run that was killed could not stop its server; the next one does, and removes its folder. */
async function endAbandonedClusters(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), name);
    if (!existsSync(join(folder, 'run', 'launcher.json'))) continue;
    try {
      const ledger = new Ledger(join(folder, 'run'));
      ledger.claim();
      await ledger.endLeftovers();
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Its run still lives, or another account's, or another run is removing it as well.
    }
  }
}

async function startEmbedded(folder: string, ledger: Ledger): Promise<Cluster> {
  const password = randomBytes(12).toString('hex');
  const dataFolder = join(folder, 'data');
  return startCluster({
    dataFolder,
    port: await freePort(),
    password,
    logFile: join(folder, 'postgres.log'),
    settings: forgetful,
    readyWithinMs: 60_000,
    onSpawn: (pid) => ledger.record('postgres', pid, 'SIGQUIT'),
  });
}

async function makeTemplate(adminUrl: string): Promise<string> {
  const template = `holdfast_template_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${template}`);
  const { migrate } = await import('../../db/migrate.ts');
  await migrate(databaseUrlFor(adminUrl, template));
  await asAdmin(adminUrl, `ALTER DATABASE ${template} ALLOW_CONNECTIONS false`);
  return template;
}

async function dropTemplate(server: TestServer): Promise<void> {
  await asAdmin(server.adminUrl, `DROP DATABASE IF EXISTS ${server.template} WITH (FORCE)`);
}

/** The same server, another database. */
export function databaseUrlFor(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one statement on the maintenance database. */
export async function asAdmin(adminUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
