import type { Socket } from 'socket.io';
import { HoldfastError } from '../../domain/errors.ts';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from '../context.ts';
import { toFault } from '../http/fault.ts';
import { publishedRole } from '../support/dialect-people.ts';
import type { Connection } from './connection.ts';
import type { EventAnswer } from './event-call.ts';
import type { Live } from './live.ts';
import { tellOutstanding } from './outstanding-pages.ts';
import { shownName } from './people.ts';

/** Refuses a bad token at the handshake; without one the socket may still sign in. */
export function admitHandshake(deps: ApiDeps, socket: Socket, next: (error?: Error) => void): void {
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

/** Signs in with the token of the handshake, if there is one. */
export function beginWithHandshake(live: Live, connection: Connection): void {
  const { socket } = connection;
  const token = handshakeToken(socket);
  // It is kept once, with the connection.
  socket.handshake.auth = {};
  if (token === null) return;
  connection.inTurn(() => signIn(live, connection, token)).catch(() => socket.disconnect(true));
}

function handshakeToken(socket: Socket): string | null {
  const token: unknown = socket.handshake.auth['token'];
  return typeof token === 'string' ? token : null;
}

/** `authenticate`: the first sign-in of a socket without a token, or a fresh token for one with. */
export async function renew(
  live: Live,
  connection: Connection,
  payload: unknown,
): Promise<EventAnswer> {
  const token: unknown =
    typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'token') : null;
  if (typeof token !== 'string') {
    throw new HoldfastError('malformed_request', 'A token is required');
  }
  const { personId } = await signIn(live, connection, token);
  return { userId: personId };
}

async function signIn(live: Live, connection: Connection, token: string): Promise<Principal> {
  const principal = await live.connections.signIn(connection, token);
  const { personId, expiresAt } = principal;
  const card = await live.people.cardOf(personId).catch(() => null);
  connection.socket.emit('authenticated', {
    userId: personId,
    _id: personId,
    id: personId,
    username: shownName(card),
    role: publishedRole(principal),
    expiresAt,
  });
  if (principal.role !== 'patient') {
    live.connections.track(tellOutstanding(live, [personId]));
  }
  return principal;
}
