import { pino } from 'pino';
import type { Logger } from 'pino';
import { SettingsFault, loadSettings } from '../config/settings.ts';
import type { Settings } from '../config/settings.ts';
import { roomPage } from './room/page.ts';
import { goFirst } from '../activities/crisis/go-first.ts';
import { serveMetrics } from '../activities/metrics/metrics.ts';
import { warmUpScreening } from './crisis/screen-words.ts';
import { startApiAuditor } from './crisis/auditor.ts';
import { openDeps } from './deps.ts';
import { startHousekeeping } from './housekeeping.ts';
import { safely } from './http/error-handler.ts';
import { createHttpServer, listen } from './listen.ts';
import { startRealtime } from './realtime/realtime.ts';
import { createApi } from './server.ts';

const DRAIN_MS = 10_000;

interface Running {
  stop(): Promise<void>;
}

async function start(settings: Settings, log: Logger): Promise<Running> {
  const { deps, close } = await openDeps(settings, log);
  warmUpScreening();
  // Made ahead, so that nobody who follows a link waits for it; if it fails, it is tried again then.
  void roomPage().catch(() => undefined);
  const api = createApi(deps);
  const { host, port } = settings.api;
  const server = createHttpServer(api.app);
  const realtime = startRealtime(server, deps, settings.database.url);
  const listening = await listen(server, { host, port, drainMs: DRAIN_MS });
  const housekeeping = startHousekeeping(deps, settings.media);
  const auditor = startApiAuditor(deps, settings.database.url);
  const metrics = settings.metrics === null ? null : serveMetrics(deps.knex, settings.metrics.api);
  log.info({ port: listening.port }, 'the API listens');
  return {
    stop: async () => {
      housekeeping.stop();
      metrics?.close();
      const drained = listening.close();
      await realtime.close();
      await drained;
      await api.drain();
      await auditor.close();
      await close();
    },
  };
}

function stopOnSignal(running: Running, log: Logger): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'the API stops');
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: safely(error) }, 'the API did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function main(): Promise<void> {
  const settings = loadSettings();
  const log = pino({ level: settings.logLevel, base: { process: 'api' } });
  if (!goFirst()) log.info('the API has no more than its share of the processors');
  const { unused } = settings;
  if (unused.length > 0) log.warn({ variables: unused }, 'variables that have no effect');
  stopOnSignal(await start(settings, log), log);
}

await main().catch((fault: unknown) => {
  const known = fault instanceof SettingsFault ? fault.message : null;
  const busy = fault instanceof Error && 'code' in fault && fault.code === 'EADDRINUSE';
  const reason = busy ? 'The port of the API (PORT) is in use.' : known;
  console.error(reason ?? (fault instanceof Error ? fault.message : 'The API did not start.'));
  process.exit(1);
});
