import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { birthOf, signalGroup } from './process-identity.ts';

interface Entry {
  pid: number;
  birth: string;
  /** The signal that ends it in good order. */
  signal: NodeJS.Signals;
}

const launcher = 'launcher';
/** Later starters end first, as in an ordinary stop. */
const endingOrder = ['api', 'worker', 'crisis', 'sandbox', 'temporal', 'postgres'];

/**
 * Which processes belong to a data folder, on disk, so that the next start finds what a killed
 * launcher left behind and never two launchers work in one folder.
 */
export class Ledger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Takes the folder for this process. Throws one sentence when another launcher lives in it. */
  claim(): void {
    try {
      this.#write(launcher, process.pid, 'SIGTERM', 'wx');
      return;
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
    const holder = this.#alive(launcher);
    if (holder !== null) {
      throw new Error(
        `Holdfast already runs from this data folder (process ${holder.pid}): stop it, or set HOLDFAST_HOME to another folder.`,
      );
    }
    this.forget(launcher);
    this.#write(launcher, process.pid, 'SIGTERM', 'wx');
  }

  release(): void {
    this.forget(launcher);
  }

  record(name: string, pid: number, signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#write(name, pid, signal, 'w');
  }

  forget(name: string): void {
    rmSync(this.#path(name), { force: true });
  }

  /** Ends every recorded process that still lives; resolves to their names. */
  async endLeftovers(): Promise<string[]> {
    const rank = (name: string): number => endingOrder.indexOf(name);
    const names = readdirSync(this.#folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .filter((name) => name !== launcher)
      .toSorted((a, b) => rank(a) - rank(b));
    const ended: string[] = [];
    for (const name of names) {
      if (await this.#end(name)) ended.push(name);
      this.forget(name);
    }
    return ended;
  }

  async #end(name: string): Promise<boolean> {
    const entry = this.#alive(name);
    if (entry === null) return false;
    process.kill(entry.pid, entry.signal);
    for (let waited = 0; waited < 100 && birthOf(entry.pid) === entry.birth; waited += 1) {
      await delay(100);
    }
    if (birthOf(entry.pid) === entry.birth) signalGroup(entry.pid, 'SIGKILL');
    return true;
  }

  /** The recorded process when it is still the same one. */
  #alive(name: string): Entry | null {
    try {
      const entry = JSON.parse(readFileSync(this.#path(name), 'utf8')) as Entry;
      return birthOf(entry.pid) === entry.birth ? entry : null;
    } catch {
      return null;
    }
  }

  #write(name: string, pid: number, signal: NodeJS.Signals, flag: 'w' | 'wx'): void {
    const entry: Entry = { pid, birth: birthOf(pid) ?? '', signal };
    writeFileSync(this.#path(name), JSON.stringify(entry), { flag, mode: 0o600 });
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}
