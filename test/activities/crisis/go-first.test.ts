import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { getPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const GROUPED = existsSync('/proc/self/autogroup');
const SCRIPT = `
  import { readFileSync } from 'node:fs';
  import { getPriority } from 'node:os';
  import { goFirst } from './activities/crisis/go-first.ts';
  const group = () => ${String(GROUPED)}
    ? Number(readFileSync('/proc/self/autogroup', 'utf8').split(' nice ')[1]) : null;
  const before = group();
  const isAllowed = goFirst();
  console.log(JSON.stringify({ isAllowed, own: getPriority(), before, after: group() }));`;
const ARGS = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', SCRIPT];

interface Outcome {
  readonly isAllowed: boolean;
  readonly own: number;
  readonly before: number | null;
  readonly after: number | null;
}

async function inOwnSession(): Promise<Outcome> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, ARGS, { detached: true, stdio: [...stdio] });
  return JSON.parse(await text(child.stdout!)) as Outcome;
}

async function inThisSession(): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, ARGS);
  return JSON.parse(stdout) as Outcome;
}

test('a process that leads its session goes first with it, where it is allowed to', async () => {
  const { isAllowed, own, after } = await inOwnSession();
  if (isAllowed) expect([own, after]).toEqual([-7, GROUPED ? -7 : null]);
  else expect(own).toBe(getPriority());
});

test('whoever shares a session does not take the others along', async () => {
  const { isAllowed, own, before, after } = await inThisSession();
  expect(own).toBe(isAllowed ? -7 : getPriority());
  expect(after).toBe(before);
});
