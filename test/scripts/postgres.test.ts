import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { startCluster } from '../../scripts/parts/postgres.ts';
import type { Cluster } from '../../scripts/parts/postgres.ts';
import { startPostgres } from '../../scripts/launcher/infrastructure.ts';
import type { Run } from '../../scripts/launcher/run.ts';
import { endOf } from '../../scripts/launcher/service.ts';
import { freePort } from '../support/free-port.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { until } from '../support/until.ts';

const folder = tempFolder();
chmodSync(folder, 0o711);
const running: Cluster[] = [];
afterAll(async () => {
  await Promise.all(running.map((cluster) => cluster.stop()));
});

async function started(): Promise<Cluster> {
  const cluster = await startCluster({
    dataFolder: join(folder, 'data'),
    port: await freePort(),
    password: 'p w/?',
    logFile: join(folder, 'postgres.log'),
    settings: { shared_buffers: '16MB' },
    readyWithinMs: 60_000,
  });
  running.push(cluster);
  return cluster;
}

async function ask(cluster: Pick<Cluster, 'url'>, sql: string): Promise<unknown[]> {
  const client = new pg.Client({
    connectionString: cluster.url('postgres'),
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('what was committed outlives a server that was killed, and one that was stopped', async () => {
  const first = await started();
  await ask(first, 'CREATE TABLE kept (id int)');
  await ask(first, 'INSERT INTO kept VALUES (1)');
  const killed = endOf(first.process);
  first.process.kill('SIGKILL');
  expect(await killed).toBe('was ended by SIGKILL');
  const second = await started();
  await ask(second, 'INSERT INTO kept VALUES (2)');
  await Promise.all([second.stop(), second.stop()]);
  const third = await started();
  expect(await ask(third, 'SELECT id FROM kept ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
}, 120_000);

test('the embedded server comes back when it is killed, and not after its stop', async () => {
  const errors = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const pids: number[] = [];
  const givenUp: string[] = [];
  const run = {
    paths: { postgres: join(folder, 'kept'), logs },
    settings: { ports: { postgres: await freePort() } },
    secrets: { postgresPassword: 'p' },
    ledger: { record: (_name: string, pid: number) => void pids.push(pid) },
    fail: (sentence: string) => void givenUp.push(sentence),
  } as unknown as Run;
  const kept = await startPostgres(run);
  const answer = () => ask(kept, 'SELECT 1 AS one').catch(() => []);
  for (let fall = 1; fall <= 2; fall += 1) {
    process.kill(pids.at(-1)!, 'SIGKILL');
    const isBack = async () => pids.length > fall && (await answer()).length === 1;
    await until(async () => givenUp.length > 0 || (await isBack()));
  }
  expect(givenUp).toEqual([]);
  await kept.stop();
  expect(await answer()).toEqual([]);
  expect(errors.mock.calls.join('\n')).toContain('postgres was ended by SIGKILL');
  errors.mockRestore();
}, 300_000);

test('a server that cannot start is told in one sentence, with where to look', async () => {
  const port = await freePort();
  const options = {
    dataFolder: join(folder, 'faulty'),
    port,
    password: 'p',
    logFile: join(folder, 'faulty.log'),
    settings: { no_such_setting: '1' },
    readyWithinMs: 60_000,
  };
  await expect(startCluster(options)).rejects.toThrow(
    `PostgreSQL did not start on port ${port} (it ended with code 1); see ${options.logFile}.`,
  );
}, 120_000);
