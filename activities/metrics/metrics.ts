import { type Server, createServer } from 'node:http';
import type { Knex } from 'knex';
import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { readFigures } from '../../db/figures.ts';

/** What this process tells Prometheus: names of operations, states and channels, never an id. */
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const registers = [registry];

const requestSeconds = new Histogram({
  name: 'holdfast_request_seconds',
  help: 'How long requests took, by operation and class of status.',
  labelNames: ['operation', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
});
const poolConnections = new Gauge({
  name: 'holdfast_pool_connections',
  help: 'Connections of this process to the database, and who waits for one.',
  labelNames: ['state'],
  registers,
});
const databaseUp = new Gauge({
  name: 'holdfast_database_up',
  help: 'Whether the database answered; without it the figures below are not told.',
  registers,
});
const outboxWaiting = new Gauge({
  name: 'holdfast_outbox_waiting',
  help: 'Events that somebody has yet to hear of.',
  registers,
});
const outboxOldest = new Gauge({
  name: 'holdfast_outbox_oldest_seconds',
  help: 'How long the oldest of them has waited.',
  registers,
});
const openAlerts = new Gauge({
  name: 'holdfast_open_alerts',
  help: 'Crisis alerts that nobody has resolved.',
  labelNames: ['status'],
  registers,
});
const pages = new Gauge({
  name: 'holdfast_pages_of_open_alerts',
  help: 'Pages sent for them.',
  labelNames: ['channel', 'state'],
  registers,
});

/** `operation` is null where a request led to none. */
export function countRequest(operation: string | null, status: number, seconds: number): void {
  const labels = { operation: operation ?? 'none', status: `${Math.floor(status / 100)}xx` };
  requestSeconds.observe(labels, seconds);
}

/** The text that Prometheus reads. A silent database leaves out what only it knows. */
export async function writeMetrics(knex: Knex): Promise<string> {
  readPool(knex);
  for (const gauge of [openAlerts, pages, outboxWaiting, outboxOldest]) gauge.reset();
  try {
    const figures = await readFigures(knex);
    databaseUp.set(1);
    outboxWaiting.set(figures.outboxWaiting);
    outboxOldest.set(figures.outboxOldestSeconds);
    for (const { status, count } of figures.openAlerts) openAlerts.set({ status }, count);
    for (const { count, ...labels } of figures.pages) pages.set(labels, count);
  } catch {
    databaseUp.set(0);
  }
  return registry.metrics();
}

interface Pool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
}

function readPool(knex: Knex): void {
  const { pool } = knex.client as { pool?: Pool };
  if (pool === undefined) return;
  poolConnections.set({ state: 'used' }, pool.numUsed());
  poolConnections.set({ state: 'free' }, pool.numFree());
  poolConnections.set({ state: 'waited_for' }, pool.numPendingAcquires());
}

/** Answers `/metrics` on a port of this machine alone. */
export function serveMetrics(knex: Knex, port: number): Server {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void writeMetrics(knex).then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  return server.listen(port, '127.0.0.1');
}
