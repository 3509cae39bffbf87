import { cp, mkdir, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../config/launcher-settings.ts';
import { runCommand } from './command.ts';
import { installSystemPackages } from './system-packages.ts';
import { provideTool } from './tool-cache.ts';

/** A package for each platform with a program that needs no library of the system. */
const staticBuilds: Readonly<Record<string, string>> = {
  'linux-x64': '@ffmpeg-installer/linux-x64@4.1.0',
  'linux-arm64': '@ffmpeg-installer/linux-arm64@4.1.4',
  'darwin-x64': '@ffmpeg-installer/darwin-x64@4.1.0',
  'darwin-arm64': '@ffmpeg-installer/darwin-arm64@4.1.5',
};
const onThePath = 'ffmpeg';

/**
 * The ffmpeg that recordings are made with: the machine's own, else Debian's package where it can be
 * installed, else a static build, kept in the cache. Rejects with the sentence that says why there is
 * none; without it nothing is recorded, and all else works.
 */
export async function provideFfmpeg(): Promise<string> {
  if (await records(onThePath)) return onThePath;
  try {
    await installSystemPackages(['ffmpeg'], 'to record sessions');
    if (await records(onThePath)) return onThePath;
  } catch {
    // Not root, not Debian, or out of reach: the static build needs none of that.
  }
  return provideTool(cacheFolder(), {
    title: 'ffmpeg',
    name: 'ffmpeg-static-4',
    file: 'ffmpeg',
    ways: [fetchStaticBuild],
  });
}

/** The operator's own. Rejects with the sentence that says why nothing can be recorded with it. */
export async function checkFfmpeg(program: string): Promise<string> {
  if (await records(program)) return program;
  throw new Error('FFMPEG_BIN names no ffmpeg that runs here and knows VP8 and Opus.');
}

/** The program of an npm package, unpacked as it is: it is no dependency of the product. */
export async function fetchStaticBuild(folder: string): Promise<string> {
  const name = staticBuilds[`${process.platform}-${process.arch}`];
  if (name === undefined) {
    throw new Error(`there is no static ffmpeg for ${process.platform}-${process.arch}`);
  }
  const target = await realpath(folder);
  // Left soon where the registry can't be reached: everything else waits for it.
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-timeout=120000'];
  await runCommand('npm', ['pack', ...patience, '--silent', '--pack-destination', target, name], {
    withinMs: 600_000,
    cwd: target,
  });
  const archive = (await readdir(target)).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`${name} could not be fetched`);
  const unpacked = join(target, 'unpacked');
  await mkdir(unpacked);
  await runCommand('tar', ['-xzf', join(target, archive), '-C', unpacked], { withinMs: 120_000 });
  const program = join(target, 'ffmpeg');
  await cp(join(unpacked, 'package', 'ffmpeg'), program);
  await runCommand('chmod', ['755', program], { withinMs: 10_000 });
  if (!(await records(program))) throw new Error(`${name} does not run on this machine`);
  return program;
}

/** Whether a program is there, runs, and knows what recordings are made of. */
async function records(program: string): Promise<boolean> {
  try {
    const encoders = await runCommand(program, ['-hide_banner', '-encoders'], { withinMs: 20_000 });
    return encoders.includes('libvpx') && encoders.includes('libopus');
  } catch {
    return false;
  }
}
