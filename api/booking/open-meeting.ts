import { type MeetingView, viewMeeting } from '../../db/meeting-views.ts';
import { type SessionAct, meetingVerdict } from '../access/session-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSessionWith } from '../sessions/open-session.ts';
import { readTexts } from './meeting-texts.ts';
import { presentMeeting } from './present-meeting.ts';

/** The meeting of the path, if the caller may do this with it. */
export function openMeeting(call: Call, act: SessionAct): Promise<MeetingView> {
  return openSessionWith(call, act, viewMeeting, meetingVerdict);
}

/** The meeting as it stands now. */
export async function answerMeeting(call: Call, id: string, status = 200): Promise<Answer> {
  const meeting = (await viewMeeting(call.deps.knex, id, call.principal.personId))!;
  return { status, body: await presentFor(call, meeting) };
}

export async function presentFor(
  { deps, principal }: Call,
  meeting: MeetingView,
): Promise<Record<string, unknown>> {
  const [texts] = await readTexts(deps, principal.personId, [meeting]);
  return presentMeeting(meeting, texts!, deps.http.publicUrl);
}
