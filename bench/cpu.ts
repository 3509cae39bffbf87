import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds of processor time by process name. */
export type CpuTimes = Readonly<Record<string, number>>;

const TICK_MS = 10;

/**
 * What the processes of a data folder have used of the processor so far, with their children, and
 * this process as `bench`. Empty where the system has no /proc.
 */
export function cpuTimes(
  runFolder: string,
  others: Readonly<Record<string, number>> = {},
): CpuTimes {
  const stats = allStats();
  if (stats.length === 0) return {};
  const named = readdirSync(runFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file.slice(0, -'.json'.length), pidIn(join(runFolder, file))] as const);
  const pids = [...named, ...Object.entries(others), ['bench', process.pid] as const];
  return Object.fromEntries(
    pids.map(([name, pid]) => [
      name,
      stats
        .filter((stat) => stat.pid === pid || (name === 'postgres' && stat.parent === pid))
        .reduce((sum, { ms }) => sum + ms, 0),
    ]),
  );
}

/**
 * Adds up what the processes use while some work runs. Elapsed time says how long a person waits,
 * and depends on what else the machine does; this says what the work costs.
 */
export class CpuMeter {
  readonly #look: () => CpuTimes;
  readonly #used = new Map<string, number>();
  #count = 0;

  constructor(look: () => CpuTimes) {
    this.#look = look;
  }

  /** Runs work that does `count` things, or as many as are known when it is done. */
  async around<T>(count: number | (() => number), work: () => Promise<T>): Promise<T> {
    const before = this.#look();
    const result = await work();
    for (const [name, ms] of Object.entries(this.#look())) {
      this.#used.set(name, (this.#used.get(name) ?? 0) + ms - (before[name] ?? 0));
    }
    this.#count += typeof count === 'number' ? count : count();
    return result;
  }

  /** Milliseconds for one thing, by process and in all; those that used nothing are left out. */
  each(): CpuTimes {
    const each = [...this.#used].map(([name, ms]) => [name, rounded(ms / this.#count)] as const);
    const all = rounded([...this.#used.values()].reduce((sum, ms) => sum + ms, 0) / this.#count);
    return Object.fromEntries([...each.filter(([, ms]) => ms > 0), ['all', all] as const]);
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

function pidIn(path: string): number {
  return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ms: number;
}

function allStats(): Stat[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(name);
      return stat === null ? [] : [stat];
    });
}

function statOf(pid: string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in brackets, may hold spaces; what follows it has fixed places.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { pid: Number(pid), parent: Number(fields[1]), ms: ticks * TICK_MS };
  } catch {
    return null;
  }
}

/** How much memory a process holds; NaN where the system has no /proc. */
export function residentBytes(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
