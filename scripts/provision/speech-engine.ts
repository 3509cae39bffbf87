import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isLocalSpeechReady } from '../../activities/gateways/speech/local.ts';
import { cacheFolder } from '../../config/launcher-settings.ts';
import { runCommand } from './command.ts';
import { provideTool } from './tool-cache.ts';
import { fetchWheel } from './wheel.ts';

const NAME = 'pocketsphinx';
const VERSION = '5.1.1';

/**
 * The engine that makes words of recordings where no service does: a Python package that brings its
 * model along, for the Python of this machine. Resolves to its folder in the cache. Rejects with the
 * sentence that says why there is none; without it nothing is transcribed, and all else works.
 */
export async function provideSpeechEngine(): Promise<string> {
  const wheel = await provideTool(cacheFolder(), {
    title: 'the speech engine with its model (29 MB)',
    name: `${NAME}-${VERSION}-${await pythonKind()}`,
    file: `${NAME}.whl`,
    ways: [(folder) => fetchWheel(NAME, VERSION, folder)],
  });
  const folder = join(dirname(wheel), 'unpacked');
  if (!(await isWhole(folder))) await unpack(wheel, folder);
  if (await isLocalSpeechReady(folder)) return folder;
  throw new Error(`${NAME} ${VERSION} does not run on this machine.`);
}

/** Has what the product looks for lead to the engine, in one step. */
export async function placeSpeechEngine(engine: string, place: string): Promise<void> {
  const target = await realpath(engine);
  await mkdir(dirname(place), { recursive: true });
  const aside = `${place}.${process.pid}`;
  await rm(aside, { force: true });
  await symlink(target, aside);
  await rename(aside, place);
}

/** Packages with native parts are for one version of Python each. */
async function pythonKind(): Promise<string> {
  const asking = 'import sys; print(sys.implementation.cache_tag)';
  try {
    return (await runCommand('python3', ['-I', '-c', asking], { withinMs: 30_000 })).trim();
  } catch {
    // It may be installed along with pip, on a system where that can be done.
    return 'cpython';
  }
}

async function unpack(wheel: string, folder: string): Promise<void> {
  const aside = `${folder}.${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await runCommand('python3', ['-m', 'zipfile', '-e', wheel, aside], { withinMs: 120_000 });
  if (!(await isWhole(aside))) throw new Error(`${NAME} ${VERSION} is not what it should be.`);
  await rm(folder, { recursive: true, force: true });
  try {
    await rename(aside, folder);
  } catch (fault) {
    await rm(aside, { recursive: true, force: true });
    if (!(await isWhole(folder))) throw fault;
  }
}

/** Compares each file with the package's own list of what is in it. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const list = (await readdir(folder)).find((name) => name.endsWith('.dist-info'));
    const record = await readFile(join(folder, list ?? '', 'RECORD'), 'utf8');
    const files = record.split('\n').map((line) => line.trim().split(','));
    const checked = files.filter((file) => file[1]?.startsWith('sha256=') === true);
    for (const [path = '', digest = ''] of checked) {
      if ((await sha256Of(join(folder, path))) !== digest.slice('sha256='.length)) return false;
    }
    return checked.length > 0 && existsSync(join(folder, NAME));
  } catch {
    return false;
  }
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('base64url');
}
