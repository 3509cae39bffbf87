import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of the product, as it runs in production. */
export interface StackProcess {
  readonly pid: number;
  /** All that it has written so far, both streams. */
  readonly output: () => string;
  readonly ended: Promise<Ended>;
  /** SIGKILL: no handler runs, nothing is finished. */
  kill(): Promise<Ended>;
  /** SIGTERM, and the code of a graceful end. */
  stop(): Promise<Ended>;
}

/** Starts an entry and waits until it writes `isReadyAt`. Throws with its output when it ends before. */
export async function startProcess(
  entry: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isReadyAt: string,
): Promise<StackProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = follow(child);
  await running.hasWritten(isReadyAt);
  return running;
}

function follow(child: ChildProcess): StackProcess & { hasWritten(text: string): Promise<void> } {
  let output = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      for (const look of heard) look();
    });
  }
  const endWithTests = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithTests);
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      process.removeListener('exit', endWithTests);
      resolve({ code, signal });
    });
  });
  const end = (signal: NodeJS.Signals): Promise<Ended> => {
    child.kill(signal);
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    hasWritten: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.includes(text)) return;
          heard.delete(look);
          resolve();
        };
        heard.add(look);
        look();
        void ended.then((how) =>
          reject(new Error(`It ended early: ${JSON.stringify(how)}\n${output}`)),
        );
      }),
  };
}
