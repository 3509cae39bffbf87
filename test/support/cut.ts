import { type Server, type Socket, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Cut {
  readonly url: string;
  /** Nothing passes any more, and what was open is broken. */
  off(): Promise<void>;
  on(): Promise<void>;
  close(): Promise<void>;
}

/** A way to a server that can be cut and mended. */
export async function startCut(target: string): Promise<Cut> {
  const { port: targetPort } = new URL(target);
  const open = new Set<Socket>();
  let isOff = false;
  const server = createServer((socket) => {
    if (isOff) {
      socket.destroy();
      return;
    }
    const onward = connect(Number(targetPort), 'localhost');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  const breakAll = (): void => open.forEach((socket) => socket.destroy());
  return {
    url: `http://localhost:${port}`,
    off: async () => {
      isOff = true;
      breakAll();
    },
    on: async () => {
      isOff = false;
    },
    close: () => closed(server, breakAll),
  };
}

function closed(server: Server, breakAll: () => void): Promise<void> {
  breakAll();
  return new Promise((resolve) => server.close(() => resolve()));
}
