import type { Socket } from 'socket.io';
import { auditRead } from '../../db/audit/record.ts';
import { findSession } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Principal } from '../access/principal.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';
import type { ApiDeps } from '../context.ts';

export interface EventCall<Payload> {
  readonly deps: Pick<ApiDeps, 'knex'>;
  readonly socket: Socket;
  readonly principal: Principal;
  readonly payload: Payload;
}

/** One event that a signed-in client may send: what its payload must be, and what it does. */
export interface ClientEvent<Payload> {
  /** The payload, or null for one that doesn't fit. */
  readonly parse: (payload: unknown) => Payload | null;
  /** Its result goes to the sender's acknowledgement. */
  readonly handle: (call: EventCall<Payload>) => Promise<Readonly<Record<string, unknown>>>;
}

interface SessionRef {
  readonly sessionId: string;
}

function parseSessionRef(payload: unknown): SessionRef | null {
  const id: unknown =
    typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'sessionId') : null;
  return typeof id === 'string' && isUuid(id) ? { sessionId: id } : null;
}

async function joinSession(call: EventCall<SessionRef>): Promise<Record<string, unknown>> {
  const { deps, principal, socket, payload } = call;
  const { sessionId } = payload;
  const session = await findSession(deps.knex, sessionId);
  const verdict = verdictOn('read', relationTo(principal, session));
  if (session === null || verdict !== 'allowed') {
    await auditRead(deps.knex, auditContext(principal, socket.id), {
      action: 'session.join_room',
      objectType: 'session',
      objectId: sessionId,
      outcome: 'denied',
    });
    throw new HoldfastError('not_found', 'There is no such session');
  }
  await socket.join(`session:${sessionId}`);
  socket.to(`session:${sessionId}`).emit('user-joined-session', {
    sessionId,
    userId: principal.personId,
  });
  const people = [session.therapist_id, session.client_id].filter((id) => id !== null);
  const participants = people.map((userId) => ({ userId }));
  const joined = { sessionId, participants, status: session.status };
  socket.emit('session-joined', joined);
  return joined;
}

async function leaveSession(call: EventCall<SessionRef>): Promise<Record<string, unknown>> {
  const { socket, principal, payload } = call;
  const { sessionId } = payload;
  const room = `session:${sessionId}`;
  if (!socket.rooms.has(room)) return { sessionId };
  await socket.leave(room);
  const leftAt = new Date().toISOString();
  const { personId: userId } = principal;
  socket.to(room).emit('user-left-session', { sessionId, userId, leftAt, reason: 'left' });
  return { sessionId };
}

export const CLIENT_EVENTS: Readonly<Record<string, ClientEvent<SessionRef>>> = {
  'join-session': { parse: parseSessionRef, handle: joinSession },
  'leave-session': { parse: parseSessionRef, handle: leaveSession },
};
