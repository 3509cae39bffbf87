import { appendFileSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, jest, test } from '@jest/globals';
import { provideTool } from '../../scripts/provision/tool-cache.ts';
import type { Tool } from '../../scripts/provision/tool-cache.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder();
let cache = '';
let made = 0;
let count = 0;
jest.spyOn(console, 'log').mockImplementation(() => undefined);

beforeEach(() => {
  cache = join(folder, `cache${(count += 1)}`);
  made = 0;
});

async function make(work: string): Promise<string> {
  made += 1;
  const path = join(work, 'anything');
  writeFileSync(path, `made ${made}`);
  return path;
}

function tool(ways: Tool['ways'] = [make]): Tool {
  return { title: 'the tool', name: 'tool-1', file: 'tool', ways };
}

test('it is made once, also when two ask at the same time', async () => {
  const paths = await Promise.all([provideTool(cache, tool()), provideTool(cache, tool())]);
  expect(paths[0]).toBe(paths[1]);
  expect(await provideTool(cache, tool())).toBe(paths[0]);
  expect([made, readFileSync(paths[0] ?? '', 'utf8')]).toEqual([1, 'made 1']);
  expect(readdirSync(cache)).toHaveLength(1);
});

test.each([
  ['cut short', (path: string) => writeFileSync(path, 'm')],
  ['changed within', (path: string) => writeFileSync(path, 'MADE 1')],
  ['longer', (path: string) => appendFileSync(path, '!')],
])('a file that is %s is made anew', async (_case, spoil) => {
  const path = await provideTool(cache, tool());
  spoil(path);
  utimesSync(path, 1, 1);
  await provideTool(cache, tool());
  expect(readFileSync(path, 'utf8')).toBe('made 2');
});

test('a cache that was restored from a backup, with other times, is believed', async () => {
  utimesSync(await provideTool(cache, tool()), 1, 1);
  await provideTool(cache, tool());
  expect(made).toBe(1);
});

test('the next way is taken when one fails, in a clean folder', async () => {
  const broken = (work: string): Promise<string> => {
    writeFileSync(join(work, 'half'), 'half');
    return Promise.reject(new Error('out of reach'));
  };
  const clean = (work: string): Promise<string> => {
    expect(readdirSync(work)).toEqual([]);
    return make(work);
  };
  await provideTool(cache, tool([broken, clean]));
  expect(made).toBe(1);
  await expect(provideTool(join(cache, 'none'), tool([broken, broken]))).rejects.toThrow(
    'Could not provide the tool: out of reach; out of reach.',
  );
  expect(readdirSync(join(cache, 'none'))).toEqual([]);
});

test('the lock of a process that has gone holds up nobody', async () => {
  const path = await provideTool(cache, tool());
  writeFileSync(path, '');
  writeFileSync(join(cache, `tool-1-${process.platform}-${process.arch}.lock`), '999999999');
  await provideTool(cache, tool());
  expect(made).toBe(2);
});
