import { auditRead } from '../../db/audit/record.ts';
import { findSupportSession } from '../../db/support-sessions.ts';
import type { SupportSession } from '../../db/support-sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationToSupport, supportVerdict } from '../access/support-access.ts';
import { signOfContactIn } from '../crisis/sign-of-contact.ts';
import { iso } from '../support/dialect.ts';
import { statusInB } from '../support/sessions/words.ts';
import { joinAppointment, leaveAppointment, refuseRoom } from './appointment-events.ts';
import type { EventAnswer, EventCall } from './event-call.ts';
import { findMessageNumber } from '../../db/live-messages.ts';
import type { JoinRequest, SessionRef, TypingNews } from './payloads.ts';
import { shownPerson } from './people.ts';
import { tellOthers } from './session-news.ts';

/** Joins the room of a support session, or of whatever other session has this id. */
export async function joinSession(call: EventCall<JoinRequest>): Promise<EventAnswer> {
  const { deps, connection, live, payload, principal } = call;
  const { sessionId } = payload;
  const session = await findSupportSession(deps.knex, sessionId);
  if (session === null) return joinAppointment(call);
  await assertConverses(call, session);
  const after = await numberBefore(call, session);
  await auditRead(deps.knex, auditContext(principal, call.socket.id), {
    action: 'support_session.join_room',
    objectType: 'support_session',
    objectId: sessionId,
    subjectId: session.patientId,
  });
  const joined = await shownSession(call, session);
  connection.socket.emit('session-joined', joined);
  const isFirst = !live.chats.hasOther(sessionId, principal.personId, connection);
  await live.chats.enter(connection, session, after);
  signOfContactIn(deps, sessionId, principal);
  if (isFirst && live.chats.isMember(sessionId, connection)) {
    tellOthers(live, { kind: 'joined', sessionId, personId: principal.personId });
  }
  return joined;
}

/** Stops listening; whoever takes part in a session still does. */
export async function leaveSession(call: EventCall<SessionRef>): Promise<EventAnswer> {
  const { connection, live, payload, principal } = call;
  const { sessionId } = payload;
  if (!live.chats.isMember(sessionId, connection)) return leaveAppointment(call);
  live.chats.leave(connection, sessionId);
  if (!live.chats.hasOther(sessionId, principal.personId, connection)) {
    tellOthers(live, { kind: 'left', sessionId, personId: principal.personId });
  }
  return { sessionId };
}

const SAME_AGAIN_MS = 1_000;

/** Tells the others that somebody writes; the same is told once a second. */
export async function tellTyping(call: EventCall<TypingNews>): Promise<EventAnswer> {
  const { connection, deps, live, payload, principal } = call;
  const { sessionId, isTyping } = payload;
  if (!live.chats.isMember(sessionId, connection)) {
    await assertConverses(call, await findSupportSession(deps.knex, sessionId));
  }
  const { typing } = connection;
  const atMs = performance.now();
  const isSame = typing?.sessionId === sessionId && typing.isTyping === isTyping;
  if (isSame && atMs - typing.atMs < SAME_AGAIN_MS) return {};
  connection.typing = { sessionId, isTyping, atMs };
  tellOthers(live, { kind: 'typing', sessionId, personId: principal.personId, isTyping });
  return {};
}

/** Throws `not_found` for whoever takes no part in the session, once that is on record. */
async function assertConverses(
  call: EventCall<SessionRef>,
  session: SupportSession | null,
): Promise<void> {
  const relation = relationToSupport(call.principal, session);
  if (supportVerdict('converse', relation) === 'allowed') return;
  await refuseRoom(call);
  throw new HoldfastError('not_found', 'There is no such session');
}

async function numberBefore(
  { deps, payload }: EventCall<JoinRequest>,
  { id, messageCount }: SupportSession,
): Promise<number | null> {
  if (payload.after === null) return null;
  if ('number' in payload.after) return Math.min(payload.after.number, messageCount);
  const number = await findMessageNumber(deps.knex, id, payload.after.id);
  if (number === null) throw new HoldfastError('not_found', 'There is no such message');
  return number;
}

/** The published `session-joined`. */
async function shownSession(
  { live, principal }: EventCall<JoinRequest>,
  session: SupportSession,
): Promise<Record<string, unknown>> {
  const { id, participants, patientId, isAnonymous, isChatRoom, messageCount } = session;
  const present = participants.filter(({ leftAt }) => leftAt === null);
  const cards = await live.people.cardsOf(present.map(({ personId }) => personId));
  return {
    sessionId: id,
    participants: present.map(({ personId, joinedAt }) => {
      const isOther = personId !== principal.personId;
      const isMember = isChatRoom && personId !== session.helperId;
      const isHidden = isOther && (isMember || (isAnonymous && personId === patientId));
      const shown = shownPerson(personId, cards.get(personId), isHidden ? id : null);
      const { userId, username, role } = shown;
      return { userId, username, role, joinedAt: iso(joinedAt) };
    }),
    status: statusInB(session),
    lastMessageNumber: messageCount,
  };
}
