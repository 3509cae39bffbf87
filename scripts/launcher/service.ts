import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Comeback } from './comeback.ts';
import type { Ledger } from './ledger.ts';
import { signalGroup } from './process-identity.ts';

export interface ServiceOptions {
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  logFile: string;
  ledger: Ledger;
  /** Resolves to true once the part can do its work. */
  isHealthy: () => Promise<boolean>;
  readyWithinMs: number;
  /** Told when it has ended by itself and can't be had back; without it, it is tried for ever. */
  giveUp?: (sentence: string) => void;
  /** Before it is first started again. */
  firstPauseMs?: number;
}

const stopWithinMs = 20_000;

/** A child process in a group of its own, watched, and started again when it falls. */
export class Service {
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  /** What others have written to the log before this child, bytes. */
  #loggedBefore = 0;
  #stopping: Promise<void> | undefined;
  readonly #stopSignal = new AbortController();
  readonly #comeback: Comeback;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#comeback = new Comeback({ ...options, signal: this.#stopSignal.signal });
  }

  get name(): string {
    return this.#options.name;
  }

  /** Resolves when it is healthy; rejects with one sentence when it ends or is not healthy in time. */
  async start(): Promise<void> {
    const child = this.#spawn();
    const ended = endOf(child);
    await this.#untilHealthy(child, ended);
    void ended.then((how) => this.#ended(how));
  }

  /** Ends it in good order, after some patience by force; a second call waits for the first. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  #spawn(): ChildProcess {
    const { command, args, env, cwd, logFile, ledger, name } = this.#options;
    const log = openSync(logFile, 'a', 0o600);
    this.#loggedBefore = fstatSync(log).size;
    const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    if (child.pid !== undefined) ledger.record(name, child.pid);
    this.#child = child;
    return child;
  }

  async #untilHealthy(child: ChildProcess, ended: Promise<string>): Promise<void> {
    const { name, isHealthy, readyWithinMs, logFile } = this.#options;
    const deadline = performance.now() + readyWithinMs;
    let how: string | undefined;
    void ended.then((words) => (how = words));
    while (performance.now() < deadline) {
      if (how !== undefined) {
        const words = lastWordsIn(logFile, this.#loggedBefore);
        throw new Error(`${name} ${how} while starting (${words}); see ${logFile}.`);
      }
      if (await isHealthy()) return;
      await delay(50);
    }
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    throw new Error(`${name} was not ready after ${readyWithinMs / 1000} s; see ${logFile}.`);
  }

  #ended(how: string): void {
    const { name, logFile, ledger } = this.#options;
    ledger.forget(name);
    if (this.#stopping) return;
    console.error(`  ${name} ${how}; starting it again (${logFile})`);
    void this.#comeback.begin(() => this.start());
  }

  async #stop(): Promise<void> {
    this.#stopSignal.abort();
    const child = this.#child;
    if (child?.pid === undefined || hasEnded(child)) return;
    const ended = endOf(child);
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await ended;
    clearTimeout(late);
    // Whatever the part itself had started and not ended goes with it.
    signalGroup(child.pid, 'SIGKILL');
    this.#options.ledger.forget(this.name);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Resolves to how the process ended, or has ended already, in words that follow its name. */
export function endOf(child: ChildProcess): Promise<string> {
  const tell = (code: number | null, signal: NodeJS.Signals | null): string =>
    signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  if (hasEnded(child)) return Promise.resolve(tell(child.exitCode, child.signalCode));
  return new Promise((resolve) => {
    child.once('error', (fault) => resolve(`could not be started (${fault.message})`));
    child.once('exit', (code, signal) => resolve(tell(code, signal)));
  });
}

/** What a part said about its end, for a person who doesn't want to open the file. */
function lastWordsIn(logFile: string, fromByte: number): string {
  const lines = readFileSync(logFile)
    .subarray(fromByte)
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(-40)
    .toReversed();
  const telling = lines.find((line) => /error|fault/i.test(line) && !line.startsWith(' '));
  return (telling ?? lines[0] ?? '').trim().slice(0, 300);
}

/** Whether an address answers with a status below 300. */
export async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
