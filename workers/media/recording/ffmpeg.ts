import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/**
 * Runs a program and ends it in good order once nobody holds its first pipe any more: when it is told
 * to stop, and when this process has died without a word. ffmpeg waits for one more packet at the first
 * signal, and none comes; at the second it finishes what it has, and where it does not it is ended.
 */
const GUARD = `"$@" </dev/null & child=$!
exec >&-
read -r _
kill -TERM "$child" 2>/dev/null && sleep 0.2 && kill -TERM "$child" 2>/dev/null
(sleep 5; kill -KILL "$child") >/dev/null 2>&1 & last=$!
wait "$child"
code=$?
kill "$last" 2>/dev/null
exit "$code"`;
/** One that does not end when it is told to is ended, ms. */
const STOP_WITHIN_MS = 5_000;
const QUIET = ['-hide_banner', '-loglevel', 'error', '-nostats'];

export interface Ffmpeg {
  /** What it writes to its output; ends when it has ended. */
  readonly output: Readable;
  /** Resolves to what it complained of last, or null where it ended well. */
  readonly ended: Promise<string | null>;
  /** Has it finish what it writes. A second call changes nothing. */
  stop(): void;
}

/** One that runs until it is told to stop. */
export function startFfmpeg(program: string, args: readonly string[]): Ffmpeg {
  const child = spawn('sh', ['-c', GUARD, 'sh', program, ...QUIET, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let isStopping = false;
  const { stdin, stdout } = child;
  stdin.on('error', () => undefined);
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    stdin.end();
    setTimeout(() => killGroup(child.pid), STOP_WITHIN_MS).unref();
  };
  // Whatever ends by itself is over, and its guard with it.
  stdout.once('close', stop);
  return { output: stdout, ended: endOf(child, () => isStopping), stop };
}

/** One that works through what is fed to it, on processor time that nothing else needs. */
export function runFfmpeg(
  program: string,
  args: readonly string[],
  inputs: readonly Readable[],
): Ffmpeg {
  const child = spawn('nice', ['-n', '15', program, ...QUIET, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...inputs.map(() => 'pipe' as const)],
  });
  inputs.forEach((input, index) => {
    const pipe = child.stdio[index + 3] as Writable;
    // It may have heard enough before the end; a file that does not open ends its input early.
    pipe.on('error', () => input.destroy());
    input.on('error', () => pipe.destroy());
    input.pipe(pipe);
  });
  return {
    output: child.stdout!,
    ended: endOf(child, () => false),
    stop: () => void child.kill('SIGTERM'),
  };
}

function endOf(child: ChildProcess, isStopped: () => boolean): Promise<string | null> {
  let complaint = '';
  child.stderr?.on('data', (words: Buffer) => {
    complaint = (complaint + words.toString()).slice(-500);
  });
  return new Promise((resolve) => {
    child.once('error', (fault) => resolve(fault.message));
    child.once('close', (code) => {
      resolve(code === 0 || isStopped() ? null : complaint.trim() || `it ended with ${code}`);
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
