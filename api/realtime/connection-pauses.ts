import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'socket.io';
import type { Connection } from './connection.ts';

const LOOK_EVERY_MS = 250;

type Engine = Connection['socket']['conn'];

interface Pausable {
  pause(): void;
  resume(): void;
}

/**
 * Connections that are not read from until nothing of theirs waits: what is sent meanwhile stays in
 * the sender's buffers. A WebSocket is paused; with polling the next request is let in later.
 */
export class ConnectionPauses {
  readonly #ends = new Map<Engine, Promise<void>>();

  constructor(io: Server) {
    io.engine.use((request: IncomingMessage, _: unknown, next: () => void) => {
      const engine = engineOf(io, request);
      if (engine === null || !this.#ends.has(engine)) next();
      else void this.#letIn(engine, request, next);
    });
  }

  begin(connection: Connection): void {
    const engine = connection.socket.conn;
    // Anew each time: what began as polling may be a WebSocket by now.
    streamOf(engine)?.pause();
    if (!this.#ends.has(engine)) this.#ends.set(engine, this.#untilNothingWaits(connection));
  }

  async #untilNothingWaits(connection: Connection): Promise<void> {
    const engine = connection.socket.conn;
    do await sleep(LOOK_EVERY_MS, undefined, { ref: false });
    while (connection.waiting > 0 && engine.readyState === 'open');
    this.#ends.delete(engine);
    streamOf(engine)?.resume();
  }

  async #letIn(engine: Engine, { socket }: IncomingMessage, next: () => void): Promise<void> {
    while (this.#ends.has(engine)) await this.#ends.get(engine);
    if (!socket.destroyed) next();
  }
}

/** Whose events a request brings; null for one that brings none. */
function engineOf(io: Server, { method, url = '' }: IncomingMessage): Engine | null {
  if (method !== 'POST') return null;
  const id = new URL(url, 'http://socket').searchParams.get('sid') ?? '';
  const engines = Reflect.get(io.engine, 'clients') as Readonly<Record<string, Engine>>;
  return Object.hasOwn(engines, id) ? engines[id]! : null;
}

/** The WebSocket beneath; polling has none. */
function streamOf({ transport }: Engine): Pausable | null {
  const stream: unknown = Reflect.get(transport, 'socket');
  if (typeof stream !== 'object' || stream === null) return null;
  return 'pause' in stream && 'resume' in stream ? (stream as Pausable) : null;
}
