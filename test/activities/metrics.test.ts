import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { serveMetrics } from '../../activities/metrics/metrics.ts';
import { openDatabase } from '../../db/knex.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

async function scraped(knex = api.knex, path = '/metrics'): Promise<string> {
  const server = serveMetrics(knex, 0);
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = `${response.status}\n${await response.text()}`;
  server.close();
  return text;
}

test('tells how requests, the pool, the outbox and open alerts do, and of nobody', async () => {
  const person = await api.person();
  await api.knex('crisis_alerts').insert({
    id: newId(),
    number: 'CA-2026-000123',
    clinic_id: api.clinicId,
    person_id: person.id,
    severity: 'high',
    type: 'user-report',
  });
  await api.knex('outbox').insert({ topic: 'x', clinic_id: api.clinicId, payload: '{}' });
  await api.call('GET', '/api/auth/me', undefined, { token: person.token });
  await api.call('GET', `/api/therapy/sessions/${newId()}`, undefined, { token: person.token });
  const text = await scraped();
  for (const line of [
    /^holdfast_request_seconds_count\{operation="getMe",status="2xx"\} 1$/m,
    /^holdfast_request_seconds_count\{operation="getTherapySession",status="4xx"\} 1$/m,
    /^holdfast_pool_connections\{state="used"\} \d+$/m,
    /^holdfast_database_up 1$/m,
    /^holdfast_outbox_waiting 1$/m,
    /^holdfast_open_alerts\{status="paging"\} 1$/m,
    /^process_cpu_seconds_total /m,
  ]) {
    expect(text).toMatch(line);
  }
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  expect(text).not.toContain('high');
});

test('says that the database is silent instead of failing', async () => {
  const silent = openDatabase('postgresql://nobody@127.0.0.1:1/none', { acquireTimeoutMs: 200 });
  const text = await scraped(silent);
  expect(text).toMatch(/^200\n/);
  expect(text).toMatch(/^holdfast_database_up 0$/m);
  expect(text).not.toMatch(/^holdfast_open_alerts\{/m);
  await silent.destroy();
});

test('answers nothing but its one address', async () => {
  expect(await scraped(api.knex, '/')).toMatch(/^404/);
});
