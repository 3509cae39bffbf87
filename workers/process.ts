import { type Server, createServer } from 'node:http';
import { DefaultLogger, Runtime, type Worker } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { type Settings, loadSettings } from '../config/settings.ts';

export interface WorkerProcess {
  /** As the log names it. */
  readonly name: string;
  /** Runs before any thread is made. */
  readonly prepare?: (log: Logger) => void;
  /** Resolves once the worker runs, with what stops it and closes all that it holds. */
  readonly start: (settings: Settings, log: Logger) => Promise<() => Promise<void>>;
}

/** Runs a worker until the process is told to end; exits with 1 when it doesn't start or stop. */
export async function runProcess({ name, prepare, start }: WorkerProcess): Promise<void> {
  try {
    const settings = loadSettings();
    const log = pino({ level: settings.logLevel, base: { process: name } });
    prepare?.(log);
    installRuntime(log);
    stopOnSignal(await start(settings, log));
  } catch (fault) {
    const known = fault instanceof Error ? fault.message : null;
    console.error(known ?? `The ${name} worker did not start.`);
    process.exit(1);
  }
}

/** Hands the SDK's own messages to the log: their codes and ids, never a payload. */
function installRuntime(log: Logger): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    const { workflowId, activityType, taskQueue } = meta ?? {};
    log.warn({ level, workflowId, activityType, taskQueue }, message);
  });
  Runtime.install({ logger, shutdownSignals: [] });
}

function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) return;
    isStopping = true;
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** A worker that fails ends its process: whoever supervises it starts another. */
export function endWhenFailed(running: Promise<void>, name: string, log: Logger): void {
  running.catch((error: unknown) => {
    log.fatal({ error: nameOf(error) }, `the ${name} worker failed`);
    process.exit(1);
  });
}

/** Answers anything on `port` of this machine alone: 200 while the worker runs, else 503. */
export function serveHealth(worker: Worker, port: number): Server {
  const server = createServer((_request, response) => {
    const state = worker.getState();
    response.writeHead(state === 'RUNNING' ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: state === 'RUNNING' ? 'ok' : 'unavailable', state }));
  });
  return server.listen(port, '127.0.0.1');
}

/** The kind alone: a message may quote what a person typed. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
