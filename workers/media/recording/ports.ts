import { type Socket, createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export const LOOPBACK = '127.0.0.1';
const ATTEMPTS = 20;
const LOOK_EVERY_MS = 25;
/** Where the system does not tell who listens, a program is given so long to begin, ms. */
const BLIND_WAIT_MS = 500;

/** Two ports in a row on this machine that nobody listens on just now: for media, and beside it. */
export async function freePortPair(): Promise<number> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const first = await bound(0);
    const { port } = first.address();
    const second = port % 2 === 0 ? await bound(port + 1).catch(() => null) : null;
    await Promise.all([closed(first), second === null ? null : closed(second)]);
    if (second !== null) return port;
  }
  throw new Error('No two ports in a row are free');
}

/** Resolves when somebody listens on a port of this machine, or `signal` gives up on it. */
export async function whenListening(port: number, signal: AbortSignal): Promise<void> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  while (!signal.aborted) {
    const table = await readFile('/proc/net/udp', 'utf8').catch(() => null);
    if (table === null) {
      await delay(BLIND_WAIT_MS);
      return;
    }
    if (table.includes(wanted)) return;
    await delay(LOOK_EVERY_MS);
  }
}

function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, LOOPBACK, () => resolve(socket));
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}
