import type { Server as HttpServer } from 'node:http';
import { createAdapter } from '@socket.io/postgres-adapter';
import pg from 'pg';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { BROADCAST_CHANNEL, assertBroadcast } from '../../db/broadcasts.ts';
import type { Broadcast } from '../../db/broadcasts.ts';
import { openListener } from '../../db/listener.ts';
import type { Listener } from '../../db/listener.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import { messageNewsOf } from '../support/messages/message-news.ts';
import { admitHandshake, beginWithHandshake } from './authentication.ts';
import { ChatRooms } from './chat-rooms.ts';
import { createChatSource, liveMessage } from './chat-source.ts';
import { Connection } from './connection.ts';
import { ConnectionPauses } from './connection-pauses.ts';
import { CONNECTION_TIMES, Connections } from './connections.ts';
import type { ConnectionTimes } from './connections.ts';
import { Cries } from './cries.ts';
import { receive } from './dispatch.ts';
import { hearBroadcast } from './hearing.ts';
import type { Live } from './live.ts';
import { tellOutstandingToAll } from './outstanding-pages.ts';
import { People } from './people.ts';
import { Pleas } from './pleas.ts';
import { PRESENCE_TIMES, Presence } from './presence.ts';
import type { PresenceTimes } from './presence.ts';
import { hearOthers } from './session-news.ts';

export interface Realtime {
  /** Sends ids to the sockets of a room in all processes. Throws a TypeError for text. */
  publish(message: Broadcast): void;
  /** Ends every connection; the HTTP server stops listening too. */
  close(): Promise<void>;
}

export interface RealtimeOptions {
  readonly times?: Partial<ConnectionTimes>;
  readonly presence?: Partial<PresenceTimes>;
}

const MAX_EVENT_BYTES = 64 * 1024;
const CONNECT_WITHIN_MS = 10_000;
const ADAPTER_CONNECTIONS = 3;
/** How often messages are looked for whose notice was lost, ms. */
const LOOK_EVERY_MS = 5_000;

/** Socket.IO on the API's HTTP server, one among several processes on the same database. */
export function startRealtime(
  server: HttpServer,
  deps: ApiDeps,
  databaseUrl: string,
  options: RealtimeOptions = {},
): Realtime {
  const pool = adapterPool(databaseUrl, deps);
  const io = openServer(server, deps, pool);
  const presence = new Presence(deps, { ...PRESENCE_TIMES, ...options.presence });
  const live = makeLive(io, deps, presence, options);
  const { chats, connections } = live;
  io.use((socket, next) => admitHandshake(deps, socket, next));
  serve(live);
  hearOthers(live);
  const lookForMissed = (): void => {
    chats.lookForMissed().catch((error: unknown) => logMissed(deps, error));
  };
  const listener = listen(live, databaseUrl, () => {
    lookForMissed();
    connections.track(tellOutstandingToAll(live));
  });
  const unlisten = messageNewsOf(deps.knex).listen((message, participants) => {
    if (chats.has(message.sessionId)) chats.tell(liveMessage(message), participants);
  });
  const looking = setInterval(lookForMissed, LOOK_EVERY_MS).unref();
  return {
    publish: (message) => {
      assertBroadcast(message);
      io.to(message.room).emit(message.event, message.ids);
    },
    close: async () => {
      clearInterval(looking);
      unlisten();
      await listener.close();
      await io.close();
      chats.close();
      await connections.close();
      await presence.close();
      await pool.end();
    },
  };
}

function openServer(server: HttpServer, { http, log }: ApiDeps, pool: pg.Pool): Server {
  const io = new Server(server, {
    serveClient: false,
    maxHttpBufferSize: MAX_EVENT_BYTES,
    connectTimeout: CONNECT_WITHIN_MS,
    cors: { origin: [...http.corsOrigins], credentials: true },
    adapter: createAdapter(pool, {
      channelPrefix: 'holdfast_socket',
      errorHandler: (error) => log.warn({ error: safely(error) }, 'a broadcast was not passed on'),
    }),
  });
  return io;
}

function makeLive(io: Server, deps: ApiDeps, presence: Presence, { times }: RealtimeOptions): Live {
  const cries = new Cries(deps);
  return {
    deps,
    io,
    connections: new Connections(deps, { ...CONNECTION_TIMES, ...times }, presence),
    chats: new ChatRooms(io, createChatSource(deps), (error) => logMissed(deps, error)),
    people: new People(deps.knex),
    cries,
    pleas: new Pleas(cries),
    pauses: new ConnectionPauses(io),
  };
}

/** What is common to all sockets is made once, not once for each. */
function serve(live: Live): void {
  const { connections, chats, io } = live;
  const onAny = function (this: Socket, name: string, ...args: unknown[]): void {
    const connection = connections.get(this.id);
    if (connection !== undefined) receive(live, connection, name, args);
  };
  const onEnd = function (this: Socket): void {
    const connection = connections.get(this.id);
    if (connection === undefined) return;
    chats.forget(connection);
    connections.remove(connection);
  };
  io.on('connection', (socket) => {
    const connection = new Connection(socket);
    connections.add(connection);
    socket.onAny(onAny);
    socket.on('disconnect', onEnd);
    beginWithHandshake(live, connection);
  });
}

function listen(live: Live, databaseUrl: string, onGap: () => void): Listener {
  return openListener({
    databaseUrl,
    applicationName: 'holdfast-broadcast',
    channel: BROADCAST_CHANNEL,
    onNotice: (payload) => hearBroadcast(live, payload),
    onGap,
    onLoss: () => live.deps.log.warn('broadcasts of transactions are not heard'),
  });
}

function logMissed({ log }: ApiDeps, error: unknown): void {
  log.warn({ error: safely(error) }, 'new messages could not be read; they are looked for again');
}

function adapterPool(databaseUrl: string, { log }: ApiDeps): pg.Pool {
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
