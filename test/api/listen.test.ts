import { once } from 'node:events';
import { Agent, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createHttpServer, listen } from '../../api/listen.ts';

const HOST = '127.0.0.1';

describe('a server that stops', () => {
  test('finishes what it has begun, takes nothing new, and waits for no idle connection', async () => {
    const server = createHttpServer(() => undefined);
    let finish: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      server.on('request', (_req, res) => {
        finish = () => res.end('done');
        resolve();
      });
    });
    const listening = await listen(server, { host: HOST, port: 0, drainMs: 60_000 });
    const { port } = listening;
    const agent = new Agent({ keepAlive: true });
    const answer = new Promise<IncomingMessage>((resolve) => {
      get({ host: HOST, port, agent }, resolve);
    });
    const idle = connect(port, HOST);
    await once(idle, 'connect');
    await begun;
    const closed = listening.close();
    const refused = connect(port, HOST);
    const [error] = await once(refused, 'error');
    expect((error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
    finish?.();
    const response = await answer;
    expect((await response.setEncoding('utf8').toArray()).join('')).toBe('done');
    await closed;
    await listening.close();
    idle.destroy();
    agent.destroy();
  });

  test('cuts a request that does not end in time', async () => {
    const stuck = createHttpServer(() => undefined);
    const listening = await listen(stuck, { host: HOST, port: 0, drainMs: 50 });
    const request = get({ host: HOST, port: listening.port });
    await once(stuck, 'request');
    const failed = once(request, 'error');
    await listening.close();
    expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  });
});

test('a port in use is told as such', async () => {
  const first = await listen(
    createHttpServer(() => undefined),
    { host: HOST, port: 0, drainMs: 0 },
  );
  const second = listen(
    createHttpServer(() => undefined),
    { host: HOST, port: first.port, drainMs: 0 },
  );
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await first.close();
});
