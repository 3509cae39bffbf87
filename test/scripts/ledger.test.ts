import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Ledger } from '../../scripts/launcher/ledger.ts';
import { birthOf } from '../../scripts/launcher/process-identity.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that lives until it is ended, with its id. */
function living(): { pid: number; ended: Promise<NodeJS.Signals | null> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true });
  children.push(child);
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, signal) => resolve(signal)),
  );
  return { pid: child.pid ?? 0, ended };
}

function claimOf(path: string, pid: number, birth: string | null): void {
  writeFileSync(join(path, 'launcher.json'), JSON.stringify({ pid, birth, signal: 'SIGTERM' }));
}

test('a second launcher is refused while the first lives, and takes over once it has gone', async () => {
  const path = join(folder, 'claims');
  const ledger = new Ledger(path);
  const other = living();
  claimOf(path, other.pid, birthOf(other.pid));
  expect(() => ledger.claim()).toThrow(`already runs from this data folder (process ${other.pid})`);
  process.kill(other.pid, 'SIGKILL');
  await other.ended;
  ledger.claim();
  expect(() => new Ledger(path).claim()).toThrow(`(process ${process.pid})`);
});

test('an id that now belongs to another process is no claim', () => {
  const path = join(folder, 'reused');
  const ledger = new Ledger(path);
  claimOf(path, living().pid, 'another birth');
  expect(() => ledger.claim()).not.toThrow();
});

test('what a killed launcher left behind is ended with its own signal, and nothing else is', async () => {
  const ledger = new Ledger(join(folder, 'leftovers'));
  const [api, postgres, stranger] = [living(), living(), living()];
  ledger.record('postgres', postgres.pid, 'SIGINT');
  ledger.record('api', api.pid);
  const reused = { pid: stranger.pid, birth: 'another birth', signal: 'SIGTERM' };
  writeFileSync(join(folder, 'leftovers', 'worker.json'), JSON.stringify(reused));
  expect(await ledger.endLeftovers()).toEqual(['api', 'postgres']);
  expect(await Promise.all([api.ended, postgres.ended])).toEqual(['SIGTERM', 'SIGINT']);
  expect(birthOf(stranger.pid)).not.toBeNull();
  expect(await ledger.endLeftovers()).toEqual([]);
});
