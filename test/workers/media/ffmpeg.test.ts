import { spawn } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

const folder = tempFolder();
const pidFile = join(folder, 'pid');
const left: number[] = [];
afterAll(() => {
  for (const pid of left.filter(isRunning)) process.kill(pid, 'SIGKILL');
});

test('a recorder that does not end when it is told to outlives no host', async () => {
  const stubborn = join(folder, 'stubborn');
  await writeFile(
    stubborn,
    `#!/bin/sh\ntrap '' TERM\necho $$ > '${pidFile}'\nwhile :; do sleep 1; done\n`,
  );
  await chmod(stubborn, 0o755);
  const host = [
    "const { startFfmpeg } = await import('./workers/media/recording/ffmpeg.ts');",
    'startFfmpeg(process.argv[1], []);',
  ];
  const args = ['--input-type=module', '-e', host.join('\n'), stubborn];
  const dying = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const pid = (): Promise<number> => readFile(pidFile, 'utf8').then(Number, () => 0);
  await until(async () => (await pid()) > 0);
  left.push(await pid());
  expect(left.every(isRunning)).toBe(true);
  dying.kill('SIGKILL');
  await until(() => !left.some(isRunning));
}, 120_000);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
