import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { checkFfmpeg } from '../../scripts/provision/ffmpeg.ts';
import { checkMediaWorker } from '../../scripts/provision/media-worker.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder();

test.each([
  ['ffmpeg', './scripts/provision/ffmpeg.ts', 'provideFfmpeg'],
  ['the media worker', './scripts/provision/media-worker.ts', 'provideMediaWorker'],
])('where %s can not be had, one sentence says why', async (title, module, provide) => {
  const empty = join(folder, provide);
  mkdirSync(empty);
  const script = `
    const { ${provide} } = await import('${module}');
    const said = await ${provide}().catch((fault) => fault);
    console.log(JSON.stringify(said instanceof Error ? said.message : 'it was there'));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      // No programs, no package, no download.
      PATH: empty,
      HOME: empty,
      HOLDFAST_CACHE: join(empty, 'cache'),
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      npm_config_registry: 'http://127.0.0.1:9/',
    },
  });
  const said = JSON.parse((await text(child.stdout)).trim().split('\n').at(-1) ?? '') as string;
  expect(said).toMatch(new RegExp(`^Could not provide ${title}: [^\n]+\\.$`));
});

test('what an operator names is tried before it is believed', async () => {
  const nowhere = join(folder, 'nowhere');
  await expect(checkFfmpeg(nowhere)).rejects.toThrow('FFMPEG_BIN');
  await expect(checkMediaWorker(nowhere)).rejects.toThrow('MEDIASOUP_WORKER_BIN');
  // Programs that run, and are none.
  await expect(checkFfmpeg(process.execPath)).rejects.toThrow('FFMPEG_BIN');
  await expect(checkMediaWorker('/bin/true')).rejects.toThrow('MEDIASOUP_WORKER_BIN');
});
