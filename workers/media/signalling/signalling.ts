import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { KeyRing } from '../../../crypto/key-ring.ts';
import { type RoomGrant, verifyRoomToken } from '../../../crypto/room-tokens.ts';
import { endAbandonedPresence } from '../../../db/room-presence.ts';
import { isShutOut } from '../../../db/room-sessions.ts';
import { type ErrorCode, HoldfastError, errorCodeOf } from '../../../domain/errors.ts';
import { ROOM_EVENTS } from './events.ts';
import { Hearing } from './hearing.ts';
import { LIMITS } from './limits.ts';
import type { RoomRecorder } from './live-recording.ts';
import type { LiveRoom } from './live-room.ts';
import { LiveRooms, type OpenMediaRoom, type PolicyOf } from './live-rooms.ts';
import { Peer } from './peer.ts';
import { type RecordDeps, Records } from './record.ts';

export interface SignallingDeps extends RecordDeps {
  readonly keyRing: KeyRing;
  /** Of the host that this is: a token for another one opens nothing here. */
  readonly hostId: string;
  readonly openRoom: OpenMediaRoom;
  readonly policyOf: PolicyOf;
  /** None where nothing can be recorded. */
  readonly recorder?: RoomRecorder | null;
  readonly corsOrigins: readonly string[];
}

export interface Signalling {
  readonly rooms: LiveRooms;
  /** Resolves when what was to be written down up to now is written. */
  settled(): Promise<void>;
  /** Ends all connections and writes down what is left to be. The HTTP server ends with it. */
  close(): Promise<void>;
}

/** A lost connection shows within this and twice as long, ms. */
const PING_EVERY_MS = 4_000;
const PING_TIMEOUT_MS = 5_000;
const CONNECT_WITHIN_MS = 10_000;
/** Those whose host died are looked for so often, and have so long to come back, ms. */
const LOOK_EVERY_MS = 15_000;
const ABANDONED_AFTER_MS = 45_000;

interface Entry {
  readonly grant: RoomGrant;
  readonly room: LiveRoom;
  readonly isShutOut: boolean;
}

/** Serves a host's rooms over Socket.IO. */
export function startSignalling(server: HttpServer, deps: SignallingDeps): Signalling {
  const io = new Server(server, {
    serveClient: false,
    maxHttpBufferSize: LIMITS.messageBytes,
    pingInterval: PING_EVERY_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: CONNECT_WITHIN_MS,
    cors: { origin: [...deps.corsOrigins] },
  });
  const records = new Records(deps);
  const rooms = new LiveRooms(deps, records);
  io.use((socket, next) => {
    enter(deps, rooms, socket).then(
      (entry) => {
        Object.assign(socket.data, entry);
        next();
      },
      (error: unknown) => next(refusalOf(deps, error)),
    );
  });
  const hearing = new Hearing(records);
  io.on('connection', (socket) => welcome(deps, hearing, socket, socket.data as Entry));
  const looking = setInterval(() => {
    endAbandonedPresence(deps.knex, ABANDONED_AFTER_MS).catch((error: unknown) => {
      deps.log.warn({ error: nameOf(error) }, 'abandoned rooms could not be looked for');
    });
  }, LOOK_EVERY_MS).unref();
  return {
    rooms,
    settled: () => records.settled(),
    close: async () => {
      clearInterval(looking);
      await io.close();
      await records.settled();
    },
  };
}

/** Looks at the token of a handshake and opens its room; nothing else is said before. */
async function enter(deps: SignallingDeps, rooms: LiveRooms, socket: Socket): Promise<Entry> {
  const token: unknown = socket.handshake.auth['token'];
  socket.handshake.auth = {};
  if (typeof token !== 'string') throw new HoldfastError('unauthenticated', 'A token is required');
  const grant = await verifyRoomToken(deps.keyRing, token, { hostId: deps.hostId });
  // A pass may be older than what became of its person's part in the session.
  const [room, gone] = await Promise.all([rooms.open(grant), isShutOut(deps.knex, grant)]);
  const own = [...room.peers.values(), ...room.atDoor.values()].filter(
    ({ personId }) => personId === grant.personId,
  );
  if (own.length >= LIMITS.connectionsOfPerson) {
    throw new HoldfastError('refused_by_rule', 'The room is open in too many places');
  }
  return { grant, room, isShutOut: gone };
}

function welcome(
  deps: SignallingDeps,
  hearing: Hearing,
  socket: Socket,
  { grant, room, isShutOut: gone }: Entry,
): void {
  const peer = new Peer(socket, grant.personId);
  const take = (name: string, args: readonly unknown[]): void => {
    void receive(deps, hearing, room, peer, name, args);
  };
  socket.onAny((name: string, ...args: unknown[]) => take(name, args));
  // What comes in over a data channel goes the same way.
  peer.hear = (words) => take('chat', [words]);
  socket.on('disconnect', () => room.remove(peer, false));
  try {
    if (gone) throw new HoldfastError('forbidden', 'You have no part in this session any more');
    room.add(peer, grant.displayName, grant.role, grant.isByCode);
  } catch (error) {
    socket.emit('refused', presented(deps, error));
    socket.disconnect(true);
  }
}

/** Events with which people write something. */
const WRITTEN = new Set(['chat', 'broadcast']);

type Acknowledge = (answer: object) => void;

async function receive(
  deps: SignallingDeps,
  hearing: Hearing,
  room: LiveRoom,
  peer: Peer,
  name: string,
  args: readonly unknown[],
): Promise<void> {
  const last = args.at(-1);
  const acknowledge = typeof last === 'function' ? (last as Acknowledge) : null;
  const payload = acknowledge !== null && args.length === 1 ? {} : args[0];
  // Somebody's cry for help is heard before anything may refuse it.
  if (WRITTEN.has(name)) hearing.hear(room, peer.personId, payload);
  try {
    admit(peer);
    const event = ROOM_EVENTS.get(name);
    if (event === undefined) throw new HoldfastError('malformed_request', 'No such event');
    const checked = event.shape(payload ?? {}, '');
    if (room.atDoor.has(peer.id) && name !== 'leave') {
      throw new HoldfastError('forbidden', 'Nobody has let you in yet');
    }
    if (!room.peers.has(peer.id) && !room.atDoor.has(peer.id)) {
      throw new HoldfastError('wrong_state', 'You have left');
    }
    const answer = await event.handle({ room, peer, payload: checked as never });
    acknowledge?.({ success: true, ...answer });
  } catch (error) {
    const refusal = presented(deps, error);
    if (acknowledge === null) peer.socket.emit('refused', { event: name.slice(0, 40), ...refusal });
    else acknowledge(refusal);
  }
}

function admit(peer: Peer): void {
  const verdict = peer.budget.take(performance.now());
  if (verdict === 'flooding') peer.socket.disconnect(true);
  if (verdict !== 'granted') throw new HoldfastError('rate_limited', 'Too much at once');
}

interface Refusal {
  readonly success: false;
  readonly error: Uppercase<ErrorCode>;
  readonly message: string;
}

/** What a client hears of an error: the vocabulary's code, and no more of what is not its own. */
function presented(deps: SignallingDeps, error: unknown): Refusal {
  const code = errorCodeOf(error) ?? 'internal';
  const isOwn = error instanceof HoldfastError && code !== 'internal';
  if (!isOwn) deps.log.error({ error: nameOf(error) }, 'an event of a room failed');
  return {
    success: false,
    error: code.toUpperCase() as Uppercase<ErrorCode>,
    message: isOwn ? error.message : 'Something went wrong here',
  };
}

function refusalOf(deps: SignallingDeps, error: unknown): Error {
  const refusal = presented(deps, error);
  return Object.assign(new Error(refusal.message), { data: refusal });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
