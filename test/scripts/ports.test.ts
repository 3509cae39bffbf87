import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { loadLauncherSettings } from '../../config/launcher-settings.ts';
import { assertPortsFree } from '../../scripts/launcher/ports.ts';
import { requiredPorts } from '../../scripts/launcher/required-ports.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function takePort(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return (server.address() as AddressInfo).port;
}

test('all taken ports are told in one sentence, each with the variable that moves it', async () => {
  const [one, other] = [await takePort('127.0.0.1'), await takePort('0.0.0.0')];
  const uses = [
    { variable: 'PORT', what: 'the API', port: one },
    { variable: 'POSTGRES_PORT', what: 'PostgreSQL', port: other },
  ];
  await expect(assertPortsFree(uses)).rejects.toThrow(
    `Port ${one} for the API is in use, set PORT to another; port ${other} for PostgreSQL is in use, set POSTGRES_PORT to another.`,
  );
});

test('a port that has become free is free, and two parts never share one', async () => {
  const port = await takePort('127.0.0.1');
  servers.splice(0).forEach((server) => server.close());
  const use = { variable: 'PORT', what: 'the API', port };
  await expect(assertPortsFree([use])).resolves.toBeUndefined();
  await expect(assertPortsFree([use, { ...use, variable: 'SMTP_PORT' }])).rejects.toThrow(
    'PORT and SMTP_PORT must not be the same port.',
  );
});

test('a part that is replaced by a real one needs no port', () => {
  const variables = (env: Record<string, string>): string[] =>
    requiredPorts(loadLauncherSettings(env)).map(({ variable }) => variable);
  const processes = ['PORT', 'WORKER_PORT', 'CRISIS_WORKER_PORT', 'MEDIA_PORT'];
  const servers = ['POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'];
  expect(variables({})).toEqual([...processes, ...servers, 'SANDBOX_PORT', 'SMTP_PORT']);
  const own = { DATABASE_URL: 'postgresql://h/n', TEMPORAL_ADDRESS: 'h:7233' };
  const mail = { SMTP_URL: 'smtp://mail', MAIL_FROM: 'a@example.com' };
  expect(variables({ ...own, ...mail })).toEqual([...processes, 'SANDBOX_PORT']);
});
