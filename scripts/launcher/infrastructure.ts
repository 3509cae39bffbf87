import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyRing } from '../../crypto/key-ring.ts';
import { migrate } from '../../db/migrate.ts';
import type { SeededClinic } from '../../db/seed.ts';
import { seedDatabase } from '../parts/database.ts';
import { startCluster } from '../parts/postgres.ts';
import type { Cluster, ClusterOptions } from '../parts/postgres.ts';
import { temporalServerArguments } from '../parts/temporal.ts';
import { messageOf } from '../provision/progress.ts';
import { Comeback } from './comeback.ts';
import { hasStandIns } from './environment.ts';
import type { Run } from './run.ts';
import { root } from '../root.ts';
import { Service, answersWell, endOf } from './service.ts';

/** Room for the pools of every process, a demo's and a benchmark's own connections, and an operator's. */
const clusterSettings = { max_connections: '200', shared_buffers: '128MB', log_timezone: 'UTC' };

/** The keys that protect stored text and sign tokens, made once for a data folder. */
export async function ensureKeys({ keysFile }: Run): Promise<void> {
  if (!existsSync(keysFile)) await createKeyRing(keysFile);
}

/** The embedded PostgreSQL server, started again when it falls. */
export async function startPostgres(run: Run): Promise<Pick<Cluster, 'url' | 'stop'>> {
  const unwanted = new AbortController();
  const { signal } = unwanted;
  const comeback = new Comeback({ name: 'postgres', signal, giveUp: run.fail });
  let cluster = await startCluster(clusterOptions(run));
  let coming = Promise.resolve();
  const watch = async (): Promise<void> => {
    const how = await endOf(cluster.process);
    if (signal.aborted) return;
    console.error(`  postgres ${how}; starting it again (${postgresLog(run)})`);
    coming = comeback.begin(async () => {
      cluster = await startCluster(clusterOptions(run));
      void watch();
    });
  };
  void watch();
  const stop = async (): Promise<void> => {
    unwanted.abort();
    await coming;
    await cluster.stop();
  };
  return { url: cluster.url, stop };
}

function clusterOptions(run: Run): ClusterOptions {
  const { paths, settings, secrets, ledger } = run;
  return {
    dataFolder: paths.postgres,
    port: settings.ports.postgres,
    password: secrets.postgresPassword,
    logFile: postgresLog(run),
    settings: clusterSettings,
    readyWithinMs: 120_000,
    onSpawn: (pid) => ledger.record('postgres', pid, 'SIGINT'),
  };
}

function postgresLog({ paths }: Run): string {
  return join(paths.logs, 'postgres.log');
}

/** Brings the schema up to date. */
export async function migrateDatabase({ databaseUrl }: Run): Promise<void> {
  try {
    await migrate(databaseUrl);
  } catch (fault) {
    throw new Error(`The database could not be migrated: ${messageOf(fault)}`, { cause: fault });
  }
}

/** The demo clinic, which only a run with stand-ins has: its people's passwords are public. */
export async function seedClinic(run: Run): Promise<SeededClinic | null> {
  return hasStandIns(run.settings) ? seedDatabase(run.databaseUrl) : null;
}

/** The embedded Temporal server, with its UI on a port of its own; started by the caller. */
export function temporalService(run: Run, command: string, uiPort: number): Service {
  const { paths, settings, ledger } = run;
  const { temporal: port } = settings.ports;
  const namespace = settings.temporalNamespace;
  return new Service({
    name: 'temporal',
    command,
    args: temporalServerArguments({
      databaseFile: paths.temporal,
      port,
      uiPort,
      namespace,
      codecEndpoint: `${settings.publicUrl}/codec`,
    }),
    env: run.env,
    cwd: root,
    logFile: join(paths.logs, 'temporal.log'),
    ledger,
    isHealthy: () => answersWell(`http://127.0.0.1:${uiPort}/api/v1/namespaces/${namespace}`),
    readyWithinMs: 60_000,
    giveUp: run.fail,
  });
}

/** Makes a Temporal server of the operator's own fit for the product. */
export async function prepareOwnTemporal({ temporalAddress, settings }: Run): Promise<void> {
  // Only here is Temporal's client needed, which takes a while to load.
  const { registerSearchAttributes } = await import('../parts/search-attributes.ts');
  try {
    await registerSearchAttributes(temporalAddress, settings.temporalNamespace);
  } catch (fault) {
    throw new Error(
      `Temporal at TEMPORAL_ADDRESS did not answer as expected: ${messageOf(fault)}`,
      { cause: fault },
    );
  }
}
