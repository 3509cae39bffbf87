import type { MeetingView } from '../../db/meeting-views.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import { roomUrlOf } from '../sessions/room-url.ts';
import { meetingStatus } from './meeting-status.ts';
import type { MeetingTexts } from './meeting-texts.ts';

/** A meeting as published. Deadlines and a proposed time show only while they are running. */
export function presentMeeting(
  meeting: MeetingView,
  { title, description }: MeetingTexts,
  publicUrl: string,
): Record<string, unknown> {
  const { starts_at: startsAt, ends_at: endsAt } = meeting;
  return {
    id: meeting.id,
    title,
    description,
    startTime: startsAt.toISOString(),
    duration: minutesBetween(startsAt, endsAt),
    status: meetingStatus(meeting.status),
    meetingType: meeting.format,
    meetingUrl: roomUrlOf(meeting, publicUrl),
    clientId: meeting.client_id,
    therapistId: meeting.therapist_id,
    ...waitingFor(meeting),
    createdAt: meeting.created_at.toISOString(),
    updatedAt: meeting.updated_at.toISOString(),
    client: meeting.client_user === null ? null : { user: meeting.client_user },
    therapist: { user: meeting.therapist_user },
  };
}

function waitingFor(meeting: MeetingView): Record<string, unknown> {
  const { proposed_starts_at: from, proposed_ends_at: to } = meeting;
  const answerDueAt = meeting.answer_due_at ?? meeting.proposal_due_at;
  return {
    ...(answerDueAt === null ? {} : { answerDueAt: answerDueAt.toISOString() }),
    ...(from === null || to === null
      ? {}
      : { proposedStartTime: from.toISOString(), proposedDuration: minutesBetween(from, to) }),
  };
}

function minutesBetween(from: Date, to: Date): number {
  return Math.round((to.getTime() - from.getTime()) / MINUTE_MS);
}
