import { findPerson } from '../../db/people.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import { parseInstant } from '../../domain/time-text.ts';
import type { Answer, Call } from '../http/handler.ts';
import { bookSession } from '../sessions/book.ts';
import type { MeetingStatus } from './meeting-status.ts';
import { answerMeeting } from './open-meeting.ts';

interface MeetingBody {
  readonly title?: string | null;
  readonly description?: string | null;
  readonly startTime: string;
  readonly duration: number;
  readonly status?: MeetingStatus;
  readonly meetingType: SessionFormat;
  readonly therapistId: string;
}

/** POST /booking/meetings */
export async function bookMeeting(call: Call<MeetingBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  assertFreshStatus(body.status);
  const startMs = parseInstant(body.startTime, 'UTC');
  const client = await findPerson(deps.knex, principal.personId);
  const session = await bookSession(call, {
    door: 'booking',
    therapistId: body.therapistId,
    clientId: principal.personId,
    sessionType: null,
    format: body.meetingType,
    specialization: null,
    slot: { startMs, endMs: startMs + body.duration * MINUTE_MS },
    timeZone: client?.timeZone ?? 'UTC',
    details: detailsOf(body),
    insurance: null,
    requiresRelationship: true,
    startsOnGrid: true,
  });
  return answerMeeting(call, session.id, 201);
}

/** A new meeting is scheduled and nothing else, whatever its body would like. */
function assertFreshStatus(status: MeetingStatus | undefined): void {
  if (status === undefined || status === 'SCHEDULED') return;
  throw new HoldfastError('malformed_request', 'status of a new meeting can only be SCHEDULED');
}

function detailsOf({ title, description }: MeetingBody): Record<string, string> | null {
  const given = Object.entries({ title, description }).flatMap(([name, text]) =>
    typeof text === 'string' && text !== '' ? [[name, text] as const] : [],
  );
  return given.length === 0 ? null : Object.fromEntries(given);
}
