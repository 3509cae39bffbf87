import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../../db/knex.ts';
import { endHost } from '../../../db/rooms.ts';
import { type GuardLine, type HostNews, monotonicMs } from './guard.ts';

// Hears from its host over its standard input until the host is done, stops, or dies.

const LOOK_EVERY_MS = 50;
/** A host that runs closes a room that late at most, and the database's lease is over later still. */
const SLACK_MS = 350;
const DATABASE_TIMEOUT_MS = 2_000;
const ATTEMPTS = 5;

let databaseUrl = '';
let news: HostNews | null = null;
let isDone = false;

function killWorkers(): void {
  for (const pid of news?.pids ?? []) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/** The host is stopped, or can't be heard: its workers must not go on where other hosts have taken over. */
function look(): void {
  if (news !== null && monotonicMs() > news.untilMs + SLACK_MS) {
    killWorkers();
    news = null;
  }
}

/** The host is dead, and its workers with it: nobody need wait for its leases. */
async function bury(hostId: string): Promise<void> {
  const timeouts = { acquireTimeoutMs: DATABASE_TIMEOUT_MS, queryTimeoutMs: DATABASE_TIMEOUT_MS };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const knex = openDatabase(databaseUrl, {
      maxConnections: 1,
      applicationName: 'holdfast-media-guard',
      ...timeouts,
    });
    try {
      await endHost(knex, hostId);
      return;
    } catch {
      await delay(500);
    } finally {
      await knex.destroy();
    }
  }
}

let hostId = '';
const lines = createInterface({ input: process.stdin });
lines.on('line', (text) => {
  const line = JSON.parse(text) as GuardLine;
  if (line.kind === 'guard') databaseUrl = line.databaseUrl;
  else if (line.kind === 'done') isDone = true;
  else ({ hostId } = news = line);
});
const looking = setInterval(look, LOOK_EVERY_MS);
// Who tells the host to end does not mean its guard, which ends after it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Only the end of the host closes this.
lines.once('close', () => {
  clearInterval(looking);
  if (isDone || hostId === '') process.exit(0);
  killWorkers();
  void bury(hostId).finally(() => process.exit(0));
});
