import { auditRead } from '../../db/audit/record.ts';
import { aliasOf, findSessionFor, isSeat } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';
import type { EventAnswer, EventCall } from './event-call.ts';
import { parseSlotsDay, subscribeToSlots, unsubscribeFromSlots } from './slots-events.ts';

/** One event that a signed-in client may send. Its result goes to the sender's acknowledgement. */
export type ClientEvent = (call: EventCall) => Promise<EventAnswer>;

/** An event whose payload `parse` reads; null from it refuses the event as malformed. */
function clientEvent<Payload>(
  parse: (payload: unknown) => Payload | null,
  handle: (call: EventCall<Payload>) => Promise<EventAnswer>,
): ClientEvent {
  return async (call) => {
    const payload = parse(call.payload);
    if (payload === null) throw new HoldfastError('malformed_request', 'The payload does not fit');
    return handle({ ...call, payload });
  };
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
  const session = await findSessionFor(deps.knex, sessionId, principal.personId);
  const verdict = verdictOn('read', relationTo(principal, session));
  if (session === null || verdict !== 'allowed' || !isIn(session)) {
    await auditRead(deps.knex, auditContext(principal, socket.id), {
      action: 'session.join_room',
      objectType: 'session',
      objectId: sessionId,
      outcome: 'denied',
    });
    throw new HoldfastError('not_found', 'There is no such session');
  }
  await socket.join(`session:${sessionId}`);
  const userId = await nameFor(call, session);
  names(socket).set(sessionId, userId);
  socket.to(`session:${sessionId}`).emit('user-joined-session', { sessionId, userId });
  const people = [session.therapist_id, session.client_id].filter((id) => id !== null);
  const participants = people.map((userId) => ({ userId }));
  const joined = { sessionId, participants, status: session.status };
  socket.emit('session-joined', joined);
  return joined;
}

/** Among the members of a group are those whose seat is theirs, and nobody who has left. */
function isIn(session: SessionRow): boolean {
  return !isSeat(session) || session.status === 'confirmed' || session.status === 'in_progress';
}

/** What others in the room hear of who comes and goes: of a group's member an alias alone. */
async function nameFor({ deps, principal }: EventCall, session: SessionRow): Promise<string> {
  if (!isSeat(session)) return principal.personId;
  return (await aliasOf(deps.knex, session.enrolment_id)) ?? 'member';
}

/** By which name this socket is known in which session. */
function names({ data }: EventCall['socket']): Map<string, string> {
  data.names ??= new Map<string, string>();
  return data.names;
}

async function leaveSession(call: EventCall<SessionRef>): Promise<Record<string, unknown>> {
  const { socket, principal, payload } = call;
  const { sessionId } = payload;
  const room = `session:${sessionId}`;
  if (!socket.rooms.has(room)) return { sessionId };
  await socket.leave(room);
  const leftAt = new Date().toISOString();
  const userId = names(socket).get(sessionId) ?? principal.personId;
  socket.to(room).emit('user-left-session', { sessionId, userId, leftAt, reason: 'left' });
  return { sessionId };
}

export const CLIENT_EVENTS: Readonly<Record<string, ClientEvent>> = {
  'join-session': clientEvent(parseSessionRef, joinSession),
  'leave-session': clientEvent(parseSessionRef, leaveSession),
  'subscribe-slots': clientEvent(parseSlotsDay, subscribeToSlots),
  'unsubscribe-slots': clientEvent(parseSlotsDay, unsubscribeFromSlots),
};
