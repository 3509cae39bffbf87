import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the guard is told, again and again. */
export interface HostNews {
  readonly hostId: string;
  /** The media workers' process ids. */
  readonly pids: readonly number[];
  /** When the first of the host's rooms loses its lease, by {@link monotonicMs}. */
  readonly untilMs: number;
}

export type GuardLine =
  | { readonly kind: 'guard'; readonly databaseUrl: string }
  | ({ readonly kind: 'alive' } & HostNews)
  | { readonly kind: 'done' };

export interface GuardOptions {
  readonly databaseUrl: string;
  readonly onFault: (error: unknown) => void;
}

const RESTART_AFTER_MS = 1_000;
const program = fileURLToPath(new URL('./guard-process.ts', import.meta.url));

/** A clock that all processes of a machine share, and that nobody sets, ms. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/**
 * A small process beside a media host that sees to what the host can not when it is dead or stopped:
 * that its media workers forward nothing beyond their leases, and that its rooms are placed anew at
 * once rather than when these end.
 */
export class Guard {
  readonly #options: GuardOptions;
  #process: ChildProcess | null = null;
  #isClosed = false;

  private constructor(options: GuardOptions) {
    this.#options = options;
  }

  static start(options: GuardOptions): Guard {
    const guard = new Guard(options);
    guard.#spawn();
    return guard;
  }

  tell(news: HostNews): void {
    this.#write({ kind: 'alive', ...news });
  }

  /** The host has ended all that it had by itself. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const ending = this.#process;
    if (ending === null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    this.#write({ kind: 'done' });
    ending.stdin?.end();
    await ended;
  }

  #spawn(): void {
    // In a group of its own: what is meant for the host's whole group does not reach it. Its parent's
    // environment is none of its business.
    const guard = spawn(process.execPath, [program], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
    });
    this.#process = guard;
    guard.on('error', this.#options.onFault);
    guard.stdin.on('error', () => undefined);
    guard.once('exit', () => {
      if (this.#isClosed) return;
      this.#process = null;
      this.#options.onFault(new Error('The guard of the media host has ended'));
      setTimeout(() => this.#isClosed || this.#spawn(), RESTART_AFTER_MS).unref();
    });
    this.#write({ kind: 'guard', databaseUrl: this.#options.databaseUrl });
  }

  #write(line: GuardLine): void {
    this.#process?.stdin?.write(`${JSON.stringify(line)}\n`);
  }
}
