import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, environmentWith } from '../../config/launcher-settings.ts';
import { root } from '../root.ts';
import { runCommand } from './command.ts';
import { withProgress } from './progress.ts';
import { installSystemPackages } from './system-packages.ts';
import { provideTool } from './tool-cache.ts';
import { unpackWheel } from './wheel.ts';

const mesonVersion = '1.9.1';
/** Raised whenever the build below makes something else of the same sources. */
const buildRevision = 1;
const packageFolder = join(root, 'node_modules', 'mediasoup');
const replacements = fileURLToPath(new URL('./media-worker', import.meta.url));

/** The worker's way of saying that it runs here but nobody has told it which version to be. */
const exitCodeOfAWorkerAlone = 41;

/** Libraries by their pkg-config names, programs, and Debian's packages of both. */
const libraries = ['libuv', 'openssl', 'libsrtp2', 'flatbuffers', 'absl_flat_hash_map'];
const programs = ['c++', 'pkg-config', 'ninja', 'flatc'];
const packages =
  'g++ pkg-config ninja-build flatbuffers-compiler libflatbuffers-dev libuv1-dev libssl-dev libsrtp2-dev libabsl-dev';

/**
 * The path of the media worker that belongs to the installed mediasoup: a prebuilt one where it can
 * be fetched, else one built from the package's own sources. Rejects with the sentence that says why
 * there is none; without it there is no video, and all else works.
 */
export async function provideMediaWorker(): Promise<string> {
  const manifest = await readFile(join(packageFolder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return provideTool(cacheFolder(), {
    title: 'the media worker',
    name: `mediasoup-worker-${version}-r${buildRevision}`,
    file: 'mediasoup-worker',
    ways: [(folder) => downloadPrebuilt(version, folder), buildFromPackage],
  });
}

/** The operator's own. Rejects with the sentence that says that it is none. */
export async function checkMediaWorker(worker: string): Promise<string> {
  await assertRuns(worker).catch(() => {
    throw new Error('MEDIASOUP_WORKER_BIN names no media worker that runs here.');
  });
  return worker;
}

async function downloadPrebuilt(version: string, folder: string): Promise<string> {
  const kernel = process.platform === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  const file = `mediasoup-worker-${version}-${process.platform}-${process.arch}${kernel}.tgz`;
  const base = 'https://github.com/versatica/mediasoup/releases/download';
  const archive = join(folder, file);
  await writeFile(archive, await fetchWhole(`${base}/${version}/${file}`));
  await runCommand('tar', ['-xzf', archive, '-C', folder], { withinMs: 60_000 });
  const worker = join(folder, 'mediasoup-worker');
  await assertRuns(worker);
  return worker;
}

/** Left at once where the host can't be reached. */
async function fetchWhole(url: string): Promise<Uint8Array> {
  const { hostname } = new URL(url);
  const unreachable = new AbortController();
  const late = setTimeout(() => unreachable.abort(), 5_000);
  const signal = AbortSignal.any([unreachable.signal, AbortSignal.timeout(120_000)]);
  const answer = await fetch(url, { signal }).catch(() => {
    throw new Error(`${hostname} can not be reached`);
  });
  clearTimeout(late);
  if (!answer.ok) throw new Error(`${hostname} has no build for this machine (${answer.status})`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** A build for another C library ends at once, but otherwise than the worker itself would. */
function assertRuns(worker: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(worker, { env: {}, stdio: 'ignore', signal: AbortSignal.timeout(10_000) });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === exitCodeOfAWorkerAlone) resolve();
      else reject(new Error(`the fetched build does not run on this machine (${code})`));
    });
  });
}

async function buildFromPackage(folder: string): Promise<string> {
  if (!(await hasBuildTools()))
    await installSystemPackages(packages.split(' '), 'to build the media worker');
  const source = join(folder, 'source');
  await copySources(source);
  const tools = join(folder, 'tools');
  await mkdir(tools);
  await unpackWheel('meson', mesonVersion, tools);
  const build = join(folder, 'build');
  await withProgress('Building the media worker from source, some minutes the first time', () =>
    compile({ source, build, tools }),
  );
  const worker = join(build, 'mediasoup-worker');
  await assertRuns(worker);
  return worker;
}

async function compile(at: { source: string; build: string; tools: string }): Promise<void> {
  const env = environmentWith({ PYTHONPATH: at.tools });
  const meson = ['-m', 'mesonbuild.mesonmain', 'setup', '--buildtype', 'release'];
  const plain = ['-Db_ndebug=true', '--wrap-mode', 'nodownload', at.build, at.source];
  await runCommand('python3', [...meson, ...plain], { env, withinMs: 300_000 });
  const args = ['-C', at.build, 'mediasoup-worker'];
  await runCommand('ninja', args, { env, withinMs: 3_600_000 });
}

async function hasBuildTools(): Promise<boolean> {
  try {
    for (const program of programs) await runCommand(program, ['--version'], { withinMs: 20_000 });
    await runCommand('pkg-config', ['--exists', ...libraries], { withinMs: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** The package's sources, with the system's libraries in place of those that it would download. */
async function copySources(source: string): Promise<void> {
  await cp(join(packageFolder, 'worker'), source, { recursive: true });
  const subprojects = join(source, 'subprojects');
  for (const file of await readdir(subprojects)) {
    if (file.endsWith('.wrap')) await rm(join(subprojects, file));
  }
  await cp(replacements, subprojects, { recursive: true });
  await mendDtls(join(source, 'src', 'RTC', 'DtlsTransport.cpp'));
}

/**
 * The callback compares a flag with equality, and so answers 1 to every control call on its BIO. An
 * OpenSSL with kernel TLS then believes that the kernel encrypts, frees its write buffer, and the
 * worker dies at the first retransmission of a handshake's end.
 */
async function mendDtls(path: string): Promise<void> {
  const faulty = '(operationType == BIO_CB_RETURN)';
  const parts = (await readFile(path, 'utf8')).split(faulty);
  if (parts.length !== 2) throw new Error('the sources of the media worker are not as expected');
  await writeFile(path, parts.join('((operationType & BIO_CB_RETURN) != 0)'));
}
