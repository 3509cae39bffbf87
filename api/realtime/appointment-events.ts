import { auditRead } from '../../db/audit/record.ts';
import { aliasOf, findSessionFor, isSeat } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';
import type { EventAnswer, EventCall } from './event-call.ts';
import type { SessionRef } from './payloads.ts';

/** Joins the room of an appointment or a group's session. */
export async function joinAppointment(call: EventCall<SessionRef>): Promise<EventAnswer> {
  const { deps, principal, socket, payload } = call;
  const { sessionId } = payload;
  const session = await findSessionFor(deps.knex, sessionId, principal.personId);
  const verdict = verdictOn('read', relationTo(principal, session));
  if (session === null || verdict !== 'allowed' || !isIn(session)) {
    await refuseRoom(call);
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

export async function leaveAppointment(call: EventCall<SessionRef>): Promise<EventAnswer> {
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

/** A foreign room is none: the attempt is on record. */
export async function refuseRoom({
  deps,
  principal,
  socket,
  payload,
}: EventCall<SessionRef>): Promise<void> {
  await auditRead(deps.knex, auditContext(principal, socket.id), {
    action: 'session.join_room',
    objectType: 'session',
    objectId: payload.sessionId,
    outcome: 'denied',
  });
}

/** Among the members of a group are those whose seat is theirs, and nobody who has left. */
function isIn(session: SessionRow): boolean {
  return !isSeat(session) || session.status === 'confirmed' || session.status === 'in_progress';
}

/** What others in the room hear of who comes and goes: of a group's member an alias alone. */
async function nameFor(
  { deps, principal }: EventCall<SessionRef>,
  session: SessionRow,
): Promise<string> {
  if (!isSeat(session)) return principal.personId;
  return (await aliasOf(deps.knex, session.enrolment_id)) ?? 'member';
}

/** By which name this socket is known in which session. */
function names({ data }: EventCall['socket']): Map<string, string> {
  data.names ??= new Map<string, string>();
  return data.names;
}
