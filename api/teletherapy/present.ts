import { type HostedView, viewHosted } from '../../db/hosted-sessions.ts';
import { isSeat } from '../../db/seats.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { type HostedStatus, hostedStatus } from '../../domain/hosted-session.ts';
import { modeOf } from '../../domain/room-terms.ts';
import type { SessionStatus } from '../../domain/session.ts';
import type { Answer, Call } from '../http/handler.ts';
import { detailsRef } from '../sessions/compose-booking.ts';
import { roomUrlOf } from '../sessions/room-url.ts';
import { type SessionPerson, peopleOf } from '../sessions/session-people.ts';
import { readNotesShown } from './note-texts.ts';

/** Where the session stands in this door's words; a member's own part where they have one. */
export function statusOf(session: HostedView): HostedStatus {
  return hostedStatus(session.status, session.waiting_since !== null);
}

function participantStatus(status: SessionStatus): string {
  switch (status) {
    case 'planned':
    case 'held':
    case 'requested':
    case 'awaiting_payment':
      return 'pending';
    case 'confirmed':
    case 'in_progress':
      return 'confirmed';
    case 'completed':
      return 'attended';
    case 'no_show':
      return 'absent';
    case 'declined':
    case 'expired':
    case 'cancelled':
      return 'cancelled';
    default:
      return assertNever(status);
  }
}

/** The title of a session that nobody has given one. */
const NO_TITLE = 'Session';

/** Sessions as the caller sees them, in their order. Texts are for those who take part. */
export async function presentSessions(
  call: Call,
  sessions: readonly HostedView[],
): Promise<Record<string, unknown>[]> {
  const { deps, principal } = call;
  const [people, texts] = await Promise.all([
    peopleOf(deps.knex, principal, sessions),
    readTexts(call, sessions),
  ]);
  return sessions.map((session, index) =>
    present(session, people[index]!, texts[index]!, deps.http.publicUrl),
  );
}

/** One session, with its notes where the caller may read them. */
export async function presentSession(
  call: Call,
  session: HostedView,
): Promise<Record<string, unknown>> {
  const [shown] = await presentSessions(call, [session]);
  return { ...shown, ...(await readNotesShown(call, session)) };
}

/** The session as it stands now. */
export async function answerSession(call: Call, id: string, status = 200): Promise<Answer> {
  const session = (await viewHosted(call.deps.knex, id, call.principal.personId))!;
  return { status, body: await presentSession(call, session) };
}

function present(
  session: HostedView,
  participants: readonly SessionPerson[],
  { title, description }: Texts,
  publicUrl: string,
): Record<string, unknown> {
  return {
    id: session.id,
    title,
    description,
    status: statusOf(session),
    type: session.session_type,
    mode: session.format === 'in_person' ? 'in_person' : modeOf(session.format),
    startTime: session.starts_at.toISOString(),
    endTime: session.ends_at.toISOString(),
    timezone: session.time_zone,
    therapistId: session.therapist_id,
    participants: participants.map(({ id, displayName, role, status }) => ({
      id,
      displayName,
      role,
      status: participantStatus(status),
    })),
    maxParticipants: (session.group_terms?.capacity ?? 1) + 1,
    recordingEnabled: session.is_recorded,
    roomUrl: roomUrlOf(session, publicUrl),
    calendarUrl: `${publicUrl}/api/therapy/sessions/${session.id}/calendar.ics`,
    chatRoomId: session.chat_room_id,
    createdAt: session.created_at.toISOString(),
    updatedAt: session.updated_at.toISOString(),
  };
}

interface Texts {
  readonly title: string;
  readonly description: string | null;
}

async function readTexts(
  { deps, principal }: Call,
  sessions: readonly HostedView[],
): Promise<Texts[]> {
  const takesPart = ({ client_id, therapist_id }: HostedView): boolean =>
    client_id === principal.personId || therapist_id === principal.personId;
  const sealed = sessions.flatMap((session) => {
    const { id, session_details: details } = session;
    return details !== null && takesPart(session) ? [{ ref: detailsRef(id), sealed: details }] : [];
  });
  const opened = await deps.cipher.openFields(deps.knex, sealed);
  const byId = new Map(sealed.map(({ ref }, index) => [ref.objectId, opened[index]!]));
  return sessions.map((session) => textsOf(session, byId.get(session.id)));
}

/** What a client gave as their reason at another door is not for the others of a group. */
function textsOf(session: HostedView, details: string | undefined): Texts {
  const given = details === undefined ? {} : (JSON.parse(details) as Record<string, unknown>);
  const text = (name: string): string | null =>
    typeof given[name] === 'string' && given[name] !== '' ? given[name] : null;
  const reason = isSeat(session) ? null : text('reason_for_session');
  return { title: text('title') ?? NO_TITLE, description: text('description') ?? reason };
}
