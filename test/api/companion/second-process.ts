import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../api/server.ts';
import { openDatabase } from '../../../db/knex.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { until } from '../../support/until.ts';

export interface SecondProcess {
  readonly url: string;
  close(): Promise<void>;
}

/** What another process on the same database is: an app that remembers nothing of the first one's. */
export async function startSecondProcess({ databaseUrl, deps }: TestApi): Promise<SecondProcess> {
  const knex = openDatabase(databaseUrl, { maxConnections: 4, acquireTimeoutMs: 30_000 });
  const server = createServer(createApp({ ...deps, knex, crisisKnex: knex }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await knex.destroy();
  };
  return { url, close };
}

/** Says something to one of the processes. */
export async function post(
  url: string,
  path: string,
  { token }: TestPerson,
  body: unknown,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const said = { method: 'POST', headers, body: JSON.stringify(body) };
  const reply = await fetch(`${url}${path}`, said);
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

/** Makes requests that all wait, `waiting` of them for a lock, before the first may go on. */
export async function atOnce<T>(
  { knex }: TestApi,
  lock: readonly [sql: string, ...values: string[]],
  waiting: number,
  requests: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const [sql, ...values] = lock;
  const holding = await knex.transaction();
  await holding.raw(sql, values);
  const replies = Promise.all(requests.map((request) => request()));
  await until(async () => {
    const { rows } = await knex.raw<{ rows: unknown[] }>(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return rows.length >= waiting;
  });
  await holding.rollback();
  return replies;
}
