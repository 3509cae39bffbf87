import { existsSync } from 'node:fs';
import { environmentWith } from '../../config/launcher-settings.ts';
import { runCommand } from './command.ts';
import { withProgress } from './progress.ts';

/**
 * Installs Debian packages where the command runs as root on Debian or Ubuntu, saying so first;
 * elsewhere rejects with the one line that a person can run.
 */
export async function installSystemPackages(
  packages: readonly string[],
  why: string,
): Promise<void> {
  const list = packages.join(' ');
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error(`${list} must be installed ${why}: run "${installLine(list)}" and try again.`);
  }
  const options = {
    withinMs: 900_000,
    env: environmentWith({ DEBIAN_FRONTEND: 'noninteractive' }),
  };
  await withProgress(`Installing the system packages ${list} ${why}`, async () => {
    await runCommand('apt-get', ['update', '-qq'], options);
    await runCommand(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', ...packages],
      options,
    );
  });
}

function installLine(list: string): string {
  return process.platform === 'darwin' ? `brew install ${list}` : `sudo apt-get install -y ${list}`;
}
