import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';

/** A load balancer in front of API processes, which leads to one of them at a time. */
export async function startProxy(
  port: number,
  url: string,
): Promise<{ leadTo(url: string): void; close(): void }> {
  let target = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    leadTo: (next) => {
      target = new URL(next);
    },
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
