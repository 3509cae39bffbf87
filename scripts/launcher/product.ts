import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Run } from './run.ts';
import { root } from '../root.ts';
import { Service, answersWell } from './service.ts';

interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

/**
 * A collection of what requests have left behind takes some 5 ms, longer than most requests: with
 * more room from the start it comes half as often. MB of each of its two halves.
 */
const ROOM_MB = 64;
/**
 * Those who help with that go as early as the API does: where they take every processor, the
 * database, which it waits for, gets none.
 */
const HELPERS = Math.min(4, Math.max(1, availableParallelism() - 1));
export const API_NODE_ARGS = [`--min-semi-space-size=${ROOM_MB}`, `--v8-pool-size=${HELPERS}`];

function productService(
  run: Run,
  name: string,
  entry: string,
  healthUrl: string,
  { env = {}, nodeArgs = [] }: ServiceOptions = {},
): Service {
  return new Service({
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', ...nodeArgs, join(root, entry)],
    env: { ...run.env, ...env },
    cwd: root,
    logFile: join(run.paths.logs, `${name}.log`),
    ledger: run.ledger,
    isHealthy: () => answersWell(healthUrl),
    readyWithinMs: 90_000,
  });
}

/** The stand-ins for the providers. */
export function sandboxService(run: Run): Service {
  const url = `http://127.0.0.1:${run.settings.ports.sandbox}/health`;
  return productService(run, 'sandbox', 'sandbox/main.ts', url);
}

/** Ready means more than alive: it can serve requests now. */
export function apiService(run: Run): Service {
  return productService(
    run,
    'api',
    'api/main.ts',
    `http://127.0.0.1:${run.settings.ports.api}/ready`,
    { nodeArgs: API_NODE_ARGS },
  );
}

export function crisisWorkerService(run: Run): Service {
  const url = `http://127.0.0.1:${run.settings.ports.crisisWorker}/health`;
  return productService(run, 'crisis', 'workers/crisis/main.ts', url);
}

export function workerService(run: Run): Service {
  const url = `http://127.0.0.1:${run.settings.ports.worker}/health`;
  return productService(run, 'worker', 'workers/core/main.ts', url);
}

/** A host of video rooms. Without an ffmpeg it records nothing. */
export function mediaService(
  run: Run,
  { mediaWorker, ffmpeg }: { readonly mediaWorker: string; readonly ffmpeg: string },
): Service {
  const url = `http://127.0.0.1:${run.settings.ports.media}/health`;
  const env = { MEDIASOUP_WORKER_BIN: mediaWorker, FFMPEG_BIN: ffmpeg };
  return productService(run, 'media', 'workers/media/main.ts', url, { env });
}
