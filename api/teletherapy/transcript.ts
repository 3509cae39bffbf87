import { auditRead } from '../../db/audit/record.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import { firstInside, wasInside } from '../../db/room-presence.ts';
import { type ChatMark, chatMarks, openChat } from '../../db/session-chat.ts';
import { type SpokenMark, openSpoken, spokenMarks, stretchesOf } from '../../db/transcripts.ts';
import { mayRead } from '../../domain/room-chat.ts';
import { inOneOrder, mayReadSpoken } from '../../domain/transcript.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { peopleOf } from '../sessions/session-people.ts';
import { transcriptStatus } from '../sessions/transcript-status.ts';
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
  const marks = inOneOrder(await readable(call, session), await audible(call, session));
  const shown = marks.slice((page - 1) * limit, page * limit);
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'transcript.list',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
    changes: { shown: shown.length },
  });
  const [status, segments] = await Promise.all([
    transcriptStatus(deps, session.id),
    presented(call, session, shown),
  ]);
  const total = marks.length;
  return { status: 200, body: { id: session.id, ...status, segments, total, page, limit } };
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
  return marks.filter((mark) => mayRead(mark, reader, isShownToLater(session)));
}

/** What the caller may read of what was said, in its order. */
async function audible({ deps, principal }: Call, session: HostedView): Promise<SpokenMark[]> {
  const { personId } = principal;
  const [marks, { breakouts, ...stretches }] = await Promise.all([
    spokenMarks(deps.knex, session.id),
    stretchesOf(deps.knex, session.id, personId),
  ]);
  const reader = { personId, isTherapist: personId === session.therapist_id, ...stretches };
  const terms = { breakouts, isShownToLater: isShownToLater(session) };
  return marks.filter((mark) => mayReadSpoken(mark, reader, terms));
}

function isShownToLater({ plan }: HostedView): boolean {
  return plan.room?.isChatShownToLater ?? true;
}

type Mark = ChatMark | SpokenMark;

function isSpoken(mark: Mark): mark is SpokenMark {
  return 'speakerId' in mark;
}

/** In a group, others stand under their aliases; whoever has left it stands under none. */
async function presented(
  { deps, principal }: Call,
  session: HostedView,
  marks: readonly Mark[],
): Promise<object[]> {
  const written = marks.filter((mark): mark is ChatMark => !isSpoken(mark));
  const [beganAt, [people], entries, spoken] = await Promise.all([
    beginningOf(deps, session),
    peopleOf(deps.knex, principal, [session]),
    openChat(deps, session.id, written),
    openSpoken(deps, marks.filter(isSpoken)),
  ]);
  const known = new Map(people!.map((person) => [person.personId, person]));
  const texts = new Map([...spoken, ...entries.map(({ id, text }) => [id, text] as const)]);
  // Hosts' clocks differ a little.
  const seconds = (at: number): number => Math.max(at - beganAt, 0) / 1_000;
  return marks.flatMap((mark) => {
    const text = texts.get(mark.id);
    // It has been let go of since.
    if (text === undefined) return [];
    const speaker = known.get(isSpoken(mark) ? mark.speakerId : mark.senderId);
    const common = {
      id: mark.id,
      speakerId: speaker?.id ?? null,
      speakerName: speaker?.displayName ?? 'Somebody who has left',
      startSeconds: seconds(mark.at),
      at: new Date(mark.at).toISOString(),
      text,
    };
    if (!isSpoken(mark)) return { ...common, kind: 'chat', breakoutId: mark.breakoutId };
    const endSeconds = seconds(mark.at + mark.durationMs);
    return { ...common, kind: 'speech', breakoutId: null, endSeconds };
  });
}

/** When the session began, epoch ms: as planned, or with whoever was there before. */
async function beginningOf({ knex }: Call['deps'], session: HostedView): Promise<number> {
  const cameAt = await firstInside(knex, session.id);
  return Math.min(session.starts_at.getTime(), cameAt?.getTime() ?? Number.POSITIVE_INFINITY);
}
