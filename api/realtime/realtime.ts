import type { Server as HttpServer } from 'node:http';
import { createAdapter } from '@socket.io/postgres-adapter';
import pg from 'pg';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { BROADCAST_CHANNEL, assertBroadcast } from '../../db/broadcasts.ts';
import type { Broadcast } from '../../db/broadcasts.ts';
import { openListener } from '../../db/listener.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import { toFault } from '../http/fault.ts';
import { Connection } from './connection.ts';

export interface Realtime {
  /** Sends ids to the sockets of a room in all processes. Throws a TypeError for text. */
  publish(message: Broadcast): void;
  /** Ends every connection; the HTTP server stops listening too. */
  close(): Promise<void>;
}

export type RealtimeDeps = Pick<ApiDeps, 'knex' | 'authenticator' | 'log' | 'http'>;

const MAX_EVENT_BYTES = 64 * 1024;
const CONNECT_WITHIN_MS = 10_000;
const ADAPTER_CONNECTIONS = 3;

/** Socket.IO on the API's HTTP server, one among several processes on the same database. */
export function startRealtime(
  server: HttpServer,
  deps: RealtimeDeps,
  databaseUrl: string,
): Realtime {
  const { log } = deps;
  const pool = adapterPool(databaseUrl, deps);
  const io = new Server(server, {
    serveClient: false,
    maxHttpBufferSize: MAX_EVENT_BYTES,
    connectTimeout: CONNECT_WITHIN_MS,
    cors: { origin: [...deps.http.corsOrigins], credentials: true },
    adapter: createAdapter(pool, {
      channelPrefix: 'holdfast_socket',
      errorHandler: (error) => log.warn({ error: safely(error) }, 'a broadcast was not passed on'),
    }),
  });
  const connections = new Set<Connection>();
  io.use((socket, next) => admit(deps, socket, next));
  io.on('connection', (socket) => begin(deps, connections, socket));
  deps.authenticator.onChange((subject) => {
    for (const connection of connections) void connection.recheck(subject);
  });
  const listener = openListener({
    databaseUrl,
    applicationName: 'holdfast-broadcast',
    channel: BROADCAST_CHANNEL,
    // Every process hears it, so each tells its own sockets alone.
    onNotice: (payload) => tellLocally(io, payload, deps),
    onGap: () => undefined,
    onLoss: () => log.warn('broadcasts of workers are not heard'),
  });
  return {
    publish: (message) => {
      assertBroadcast(message);
      io.to(message.room).emit(message.event, message.ids);
    },
    close: async () => {
      await listener.close();
      await io.close();
      await pool.end();
    },
  };
}

function adapterPool(databaseUrl: string, { log }: RealtimeDeps): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'holdfast-sockets',
    max: ADAPTER_CONNECTIONS,
    keepAlive: true,
  });
  // The adapter keeps a connection for itself and doesn't listen for its loss, which would end the process.
  const onError = (error: Error): void =>
    log.warn({ error: safely(error) }, 'a connection of the socket adapter was lost');
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  return pool;
}

/** Refuses a bad token at the handshake; without one the socket may still sign in. */
function admit(deps: RealtimeDeps, socket: Socket, next: (error?: Error) => void): void {
  const token = handshakeToken(socket);
  if (token === null) {
    next();
    return;
  }
  deps.authenticator.authenticate(token).then(
    () => next(),
    (error: unknown) => {
      const { code, message } = toFault(error);
      next(Object.assign(new Error(message), { data: { error: code.toUpperCase(), message } }));
    },
  );
}

function handshakeToken(socket: Socket): string | null {
  const token: unknown = socket.handshake.auth['token'];
  return typeof token === 'string' ? token : null;
}

function begin(deps: RealtimeDeps, connections: Set<Connection>, socket: Socket): void {
  const connection = new Connection(deps, socket);
  connections.add(connection);
  socket.on('disconnect', () => connections.delete(connection));
  const token = handshakeToken(socket);
  if (token !== null) connection.signIn(token).catch(() => socket.disconnect(true));
}

/** Came to nothing, or left: completed sessions are not among them. */
const OFF = new Set<unknown>(['declined', 'expired', 'cancelled']);

/** Whose session is off, or who has left a group's, hears no more of what goes on in its room. */
function showOut(io: Server, { room, event, ids }: Broadcast): void {
  if (event !== 'session-changed' || !OFF.has(ids['status'])) return;
  io.local.in(room).socketsLeave(`session:${String(ids['sessionId'])}`);
}

function tellLocally(io: Server, payload: string, { log }: RealtimeDeps): void {
  try {
    const message = JSON.parse(payload) as Broadcast;
    assertBroadcast(message);
    io.local.to(message.room).emit(message.event, message.ids);
    showOut(io, message);
  } catch (error) {
    log.warn({ error: safely(error) }, 'a broadcast was malformed');
  }
}
