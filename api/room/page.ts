import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../../config/launcher-settings.ts';

/** What a browser loads to take part in a room. */
export interface RoomPage {
  readonly html: Buffer;
  readonly css: Buffer;
  readonly script: Buffer;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'web', 'room');
const BUILD_WITHIN_MS = 120_000;
let made: Promise<RoomPage> | null = null;

/** The page, made once for each version of its source and kept in the cache. Tries again after a failure. */
export function roomPage(): Promise<RoomPage> {
  made ??= makePage().catch((fault: unknown) => {
    made = null;
    throw fault;
  });
  return made;
}

async function makePage(): Promise<RoomPage> {
  const [html, css, script] = await Promise.all([
    readFile(join(source, 'index.html')),
    readFile(join(source, 'page.css')),
    scriptOf(await fingerprint()),
  ]);
  return { html, css, script };
}

/** Changes with the page's own source and with the packages in it. */
async function fingerprint(): Promise<string> {
  const names = (await readdir(source)).filter((name) => name.endsWith('.ts')).toSorted();
  const paths = [...names.map((name) => join(source, name)), join(root, 'package-lock.json')];
  const hash = createHash('sha256');
  for (const path of paths) hash.update(await readFile(path)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function scriptOf(version: string): Promise<Buffer> {
  const folder = join(cacheFolder(), `room-page-${version}`);
  const script = join(folder, 'page.js');
  const known = await readFile(script).catch(() => null);
  if (known !== null) return known;
  // Several processes may make it at once: each in a folder of its own, and the first one counts.
  const own = `${folder}-${randomUUID()}`;
  await mkdir(own, { recursive: true });
  const builder = join(root, 'scripts', 'pages', 'build-script.ts');
  const args = [builder, 'web/room/main.ts', own];
  await promisify(execFile)(process.execPath, args, { cwd: root, timeout: BUILD_WITHIN_MS });
  await rename(own, folder).catch(() => rm(own, { recursive: true, force: true }));
  return readFile(script);
}
