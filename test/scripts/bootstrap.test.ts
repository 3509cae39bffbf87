import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tally } from '../../scripts/checks/jest.ts';
import { root } from '../../scripts/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder();

/** An npm that installs next to nothing, and says so. */
const fakeNpm = `
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
console.log('npm ' + process.argv.slice(2).join(' '));
if (process.env.FAIL) process.exit(3);
mkdirSync('node_modules/node/bin', { recursive: true });
symlinkSync(process.execPath, 'node_modules/node/bin/node');
writeFileSync('node_modules/.package-lock.json', '{}');
`;

function clone(name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'scripts'), { recursive: true });
  cpSync(join(root, 'scripts', 'bootstrap.mjs'), join(path, 'scripts', 'bootstrap.mjs'));
  writeFileSync(join(path, 'package-lock.json'), '{}');
  writeFileSync(join(path, 'package.json'), '{"type":"module"}');
  writeFileSync(join(path, 'npm.js'), fakeNpm);
  const entry = `console.log('entry', process.argv.slice(2).join(' ')); process.exit(7);`;
  writeFileSync(join(path, 'scripts', 'start.ts'), entry);
  return path;
}

function run(
  path: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<[number | null, string]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(path, 'scripts', 'bootstrap.mjs'), ...args], {
      env: { npm_execpath: join(path, 'npm.js'), ...env },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('close', (code) => resolve([code, output]));
  });
}

test('packages are installed where they are missing or out of date, and only there', async () => {
  const path = clone('install');
  const [code, first] = await run(path, ['start', '--fresh']);
  expect(first).toContain('npm ci');
  expect(first).toContain('entry --fresh');
  expect(code).toBe(7);
  const [, second] = await run(path, ['start']);
  expect(second).not.toContain('npm ci');
  utimesSync(join(path, 'node_modules', '.package-lock.json'), 1, 1);
  utimesSync(join(path, 'package-lock.json'), 2, 2);
  const [, third] = await run(path, ['start'], { FAIL: '1' });
  expect(third).toContain('npm ci failed');
  expect(third).not.toContain('entry');
});

test('an unknown command is one sentence and exit 1', async () => {
  const path = clone('unknown');
  mkdirSync(join(path, 'node_modules', 'node', 'bin'), { recursive: true });
  symlinkSync(process.execPath, join(path, 'node_modules', 'node', 'bin', 'node'));
  expect(await run(path, ['strat'])).toEqual([
    1,
    'Unknown command; use one of start, test, demo, bench, keys:rotate, audit:verify.\n',
  ]);
});

test.each([
  [
    { numPassedTests: 5, numFailedTests: 0, numRuntimeErrorTestSuites: 0 },
    0,
    { passed: 5, failed: 0 },
  ],
  [
    { numPassedTests: 5, numFailedTests: 1, numRuntimeErrorTestSuites: 2 },
    1,
    { passed: 5, failed: 3 },
  ],
  [
    { numPassedTests: 5, numFailedTests: 0, numRuntimeErrorTestSuites: 0 },
    1,
    { passed: 5, failed: 1 },
  ],
])('what really ran is counted: %j with code %i', (result, code, expected) => {
  expect(tally(result, code)).toEqual(expected);
});
