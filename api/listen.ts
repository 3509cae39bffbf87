import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How long open requests may take to end when the server stops, ms. */
  readonly drainMs: number;
}

export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Takes no more requests, lets the open ones end, then cuts what is left. Idempotent. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const CHECK_CONNECTIONS_EVERY_MS = 2_000;
const CLOSE_IDLE_EVERY_MS = 100;

/** A server that no slow client can hold: headers and bodies must arrive in time. */
export function createHttpServer(listener: RequestListener): Server {
  const options = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_CONNECTIONS_EVERY_MS,
  };
  return createServer(options, listener);
}

/** Starts to listen. Rejects with the network's error, such as EADDRINUSE. */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const busy = trackRequests(server);
  let closing: Promise<void> | undefined;
  return { server, port, close: () => (closing ??= drain(server, busy, options.drainMs)) };
}

/** Open connections with the number of requests that each is waiting to be answered. */
function trackRequests(server: Server): Map<Socket, number> {
  const busy = new Map<Socket, number>();
  server.on('connection', (socket) => {
    busy.set(socket, 0);
    socket.once('close', () => busy.delete(socket));
  });
  server.on('request', ({ socket }, res) => {
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    res.once('close', () => {
      if (busy.has(socket)) busy.set(socket, (busy.get(socket) ?? 1) - 1);
    });
  });
  // Web sockets are ended by whoever upgraded them.
  if (server.listenerCount('upgrade') > 0) {
    server.on('upgrade', ({ socket }) => busy.delete(socket));
  }
  return busy;
}

async function drain(
  server: Server,
  busy: ReadonlyMap<Socket, number>,
  drainMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // The server's own idea of idle leaves out connections that have never sent anything.
  const closeIdle = (): void => {
    for (const [socket, requests] of busy) if (requests === 0) socket.destroy();
  };
  closeIdle();
  const idle = setInterval(closeIdle, CLOSE_IDLE_EVERY_MS);
  const cut = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}
