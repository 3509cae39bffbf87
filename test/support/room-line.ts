import { type Socket, io } from 'socket.io-client';
import { until } from './until.ts';

/** One connection to a room's host, and everything that it was told. */
export interface Line {
  readonly socket: Socket;
  readonly told: [string, unknown][];
  ask(event: string, body?: object): Promise<Record<string, unknown>>;
}

/** Resolves when the host has said its first word, be it a refusal. */
export async function connectLine(url: string, token: string): Promise<Line> {
  const socket = io(url, { auth: { token }, transports: ['websocket'], reconnection: false });
  const told: [string, unknown][] = [];
  socket.onAny((event: string, body: unknown) => told.push([event, body]));
  socket.once('connect_error', (error) => told.push(['connect_error', error]));
  await until(() => told.length > 0);
  const ask: Line['ask'] = (event, body = {}) => socket.timeout(30_000).emitWithAck(event, body);
  return { socket, told, ask };
}
