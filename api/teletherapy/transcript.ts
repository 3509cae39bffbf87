import { auditRead } from '../../db/audit/record.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import { wasInside } from '../../db/room-presence.ts';
import { type ChatMark, chatMarks, openChat } from '../../db/session-chat.ts';
import { type ChatEntry, mayRead } from '../../domain/room-chat.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { peopleOf } from '../sessions/session-people.ts';
import { openHosted } from './open-hosted.ts';

interface TranscriptQuery extends Query {
  readonly limit: number;
  readonly page: number;
}

/** GET /teletherapy/sessions/{id}/transcript: what was said and written, as far as the caller was there. */
export async function getTranscript(call: Call<unknown, TranscriptQuery>): Promise<Answer> {
  const { deps, principal, requestId, query } = call;
  const session = await openHosted(call, 'attend');
  const { limit, page } = query;
  const marks = await readable(call, session);
  const shown = marks.slice((page - 1) * limit, page * limit);
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'transcript.list',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
    changes: { shown: shown.length },
  });
  const segments = await presented(call, session, await openChat(deps, session.id, shown));
  const reason = 'What is said is not transcribed in this installation; what is written is kept.';
  const total = marks.length;
  return {
    status: 200,
    body: { id: session.id, available: false, reason, segments, total, page, limit },
  };
}

/** What the caller may read of what was written, in its order. */
async function readable(call: Call, session: HostedView): Promise<ChatMark[]> {
  const { deps, principal } = call;
  const { personId } = principal;
  const [marks, hasBeenInside] = await Promise.all([
    chatMarks(deps.knex, session.id),
    wasInside(deps.knex, session.id, personId),
  ]);
  const reader = { personId, isTherapist: personId === session.therapist_id, hasBeenInside };
  const isShownToLater = session.plan.room?.isChatShownToLater ?? true;
  return marks.filter((mark) => mayRead(mark, reader, isShownToLater));
}

/** In a group, others stand under their aliases; whoever has left it stands under none. */
async function presented(
  { deps, principal }: Call,
  session: HostedView,
  entries: readonly ChatEntry[],
): Promise<object[]> {
  const [people] = await peopleOf(deps.knex, principal, [session]);
  const known = new Map(people!.map((person) => [person.personId, person]));
  return entries.map(({ id, senderId, breakoutId, text, at }) => ({
    id,
    kind: 'chat',
    speakerId: known.get(senderId)?.id ?? null,
    speakerName: known.get(senderId)?.displayName ?? 'Somebody who has left',
    startSeconds: (at - session.starts_at.getTime()) / 1_000,
    at: new Date(at).toISOString(),
    breakoutId,
    text,
  }));
}
