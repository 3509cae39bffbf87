import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Ledger } from '../../scripts/launcher/ledger.ts';
import { birthOf } from '../../scripts/launcher/process-identity.ts';
import { Service, endOf } from '../../scripts/launcher/service.ts';
import type { ServiceOptions } from '../../scripts/launcher/service.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { until } from '../support/until.ts';

const folder = tempFolder();
const services: Service[] = [];
let count = 0;
jest.spyOn(console, 'error').mockImplementation(() => undefined);

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

interface Part {
  service: Service;
  /** The id of the process that is healthy now. */
  pid: () => number;
}

/** A part that tells its process id in a file, and is healthy as long as that process lives. */
function part(code: string, more: Partial<ServiceOptions> = {}): Part {
  const name = `part${(count += 1)}`;
  const pidFile = join(folder, `${name}.pid`);
  writeFileSync(pidFile, '0');
  const script = `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${code}`;
  const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
  const service = new Service({
    name,
    command: process.execPath,
    args: ['-e', script],
    env: {},
    cwd: folder,
    logFile: join(folder, `${name}.log`),
    ledger: new Ledger(join(folder, 'run')),
    isHealthy: () => Promise.resolve(pid() > 0 && birthOf(pid()) !== null),
    readyWithinMs: 20_000,
    ...more,
  });
  services.push(service);
  return { service, pid };
}

const stays = 'setInterval(() => {}, 1e6);';

test('a part that is killed comes back, again and again, and not after its stop', async () => {
  const { service, pid } = part(stays);
  await service.start();
  for (let fall = 0; fall < 2; fall += 1) {
    const before = pid();
    process.kill(before, 'SIGKILL');
    await until(() => pid() !== before && birthOf(pid()) !== null);
  }
  const last = pid();
  await service.stop();
  expect(birthOf(last)).toBeNull();
  expect(existsSync(join(folder, 'run', `${service.name}.json`))).toBe(false);
});

test('a part that falls while starting is told with its own words', async () => {
  const logFile = join(folder, 'falls.log');
  // Another run has written to the same log.
  writeFileSync(logFile, 'an error of yesterday\n');
  const { service } = part(`process.stderr.write('no such thing'); process.exit(1);`, {
    logFile,
    isHealthy: () => Promise.resolve(false),
  });
  await expect(service.start()).rejects.toThrow(
    /ended with code 1 while starting \(no such thing\); see .*log\./,
  );
});

test('a part that never becomes healthy is told and ended', async () => {
  const { service, pid } = part(stays, {
    isHealthy: () => Promise.resolve(false),
    readyWithinMs: 1000,
  });
  await expect(service.start()).rejects.toThrow('was not ready after 1 s');
  await until(() => birthOf(pid()) === null);
});

test('a part without which nothing works ends the run once it can not be had back', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const broken = join(folder, 'broken');
  const throwing = `if (require('fs').existsSync(${JSON.stringify(broken)})) throw new Error('gone');`;
  const { service, pid } = part(throwing + stays, { giveUp: resolve, firstPauseMs: 1 });
  await service.start();
  const before = pid();
  process.kill(before, 'SIGKILL');
  await until(() => pid() !== before && birthOf(pid()) !== null);
  writeFileSync(broken, '');
  process.kill(pid(), 'SIGKILL');
  expect(await promise).toMatch(/ended with code 1 while starting \(.*gone.*\); see .*\.log\.$/);
}, 120_000);

test('a stop also ends what the part itself had started', async () => {
  const grandchildFile = join(folder, 'grandchild.pid');
  const { service } = part(
    `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stays)}]);
     require('fs').writeFileSync(${JSON.stringify(grandchildFile)}, String(child.pid)); ${stays}`,
    { isHealthy: () => Promise.resolve(existsSync(grandchildFile)) },
  );
  await service.start();
  const grandchild = Number(readFileSync(grandchildFile, 'utf8'));
  await service.stop();
  await until(() => birthOf(grandchild) === null);
});

test('the end of a process is told also when it came before anybody asked', async () => {
  const [failing, killed] = ['process.exit(3)', 'process.kill(process.pid)'].map((code) =>
    spawn(process.execPath, ['-e', code]),
  );
  await Promise.all([once(failing!, 'exit'), once(killed!, 'exit')]);
  expect(await endOf(failing!)).toBe('ended with code 3');
  expect(await endOf(killed!)).toBe('was ended by SIGTERM');
});
