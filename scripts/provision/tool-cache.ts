import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  chmod,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, withProgress } from './progress.ts';

/** A program that is made once for a machine and kept outside the clone. */
export interface Tool {
  /** What a person calls it. */
  title: string;
  /** Name and version, a folder below the cache. */
  name: string;
  /** The file's name in the folder. */
  file: string;
  /** Ways to make it, best first. Each gets an empty folder and resolves to the file's path. */
  ways: readonly ((folder: string) => Promise<string>)[];
}

interface Seal {
  bytes: number;
  modifiedMs: number;
  sha256: string;
}

/**
 * The path of a tool, made first when the cache doesn't hold it whole. Made in a folder aside and
 * renamed, so that nobody ever sees half of it.
 */
export async function provideTool(cache: string, tool: Tool): Promise<string> {
  const folder = join(cache, `${tool.name}-${process.platform}-${process.arch}`);
  const path = join(folder, tool.file);
  if (await isWhole(path)) return path;
  await mkdir(cache, { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    if (await isWhole(path)) return path;
    await withProgress(`Fetching ${tool.title}`, () => makeAside(folder, tool));
    return path;
  } finally {
    await unlock();
  }
}

async function makeAside(folder: string, tool: Tool): Promise<void> {
  const aside = `${folder}.making-${process.pid}`;
  await removeAbandoned(dirname(folder), `${basename(folder)}.making-`);
  await mkdir(aside, { recursive: true });
  try {
    const work = join(aside, 'work');
    const path = join(aside, tool.file);
    await rename(await firstThatWorks(tool, work), path);
    await rm(work, { recursive: true, force: true });
    await chmod(path, 0o755);
    await writeFile(`${path}.seal.json`, JSON.stringify(await sealOf(path)));
    await rm(folder, { recursive: true, force: true });
    await rename(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** What a killed process was making can be large. */
async function removeAbandoned(cache: string, prefix: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix) || isAlive(Number(name.slice(prefix.length)))) continue;
    await rm(join(cache, name), { recursive: true, force: true });
  }
}

async function firstThatWorks(tool: Tool, work: string): Promise<string> {
  const faults: string[] = [];
  for (const way of tool.ways) {
    await rm(work, { recursive: true, force: true });
    await mkdir(work);
    try {
      return await way(work);
    } catch (fault) {
      faults.push(messageOf(fault));
    }
  }
  throw new Error(`Could not provide ${tool.title}: ${faults.join('; ')}.`);
}

/**
 * Compares with the seal, which was written after the file was complete. The content is read again
 * only when the file looks touched, as after a restored backup: reading it all takes a moment.
 */
async function isWhole(path: string): Promise<boolean> {
  try {
    const seal = JSON.parse(await readFile(`${path}.seal.json`, 'utf8')) as Seal;
    const { size, mtimeMs } = await stat(path);
    if (size !== seal.bytes) return false;
    return mtimeMs === seal.modifiedMs || (await sha256Of(path)) === seal.sha256;
  } catch {
    return false;
  }
}

async function sealOf(path: string): Promise<Seal> {
  const { size, mtimeMs } = await stat(path);
  return { bytes: size, modifiedMs: mtimeMs, sha256: await sha256Of(path) };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * Waits until no other living process holds the lock. It saves the second of two processes the work;
 * the rename alone keeps the cache right, so a lock left by a killed process may simply be taken over.
 */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
    if (await isAbandoned(path)) await rm(path, { force: true });
    else await delay(500);
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const holder = Number(await readFile(path, 'utf8'));
    // Between its creation and its writing the file is empty for a moment.
    if (holder === 0) return Date.now() - (await stat(path)).mtimeMs > 10_000;
    return !isAlive(holder);
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EPERM';
  }
}
