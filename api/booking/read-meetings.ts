import { auditRead } from '../../db/audit/record.ts';
import { listMeetings } from '../../db/meeting-views.ts';
import type { SessionListing } from '../../db/session-listing.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { parseInstant } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { recordRead } from '../sessions/open-session.ts';
import { type MeetingStatus, statusesBehind } from './meeting-status.ts';
import { readTexts } from './meeting-texts.ts';
import { openMeeting, presentFor } from './open-meeting.ts';
import { presentMeeting } from './present-meeting.ts';

interface ListQuery extends Query {
  readonly status?: MeetingStatus;
  readonly meetingType?: SessionFormat;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly offset: number;
}

/** GET /booking/meetings */
export async function listBookedMeetings(call: Call<unknown, ListQuery>): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { meetings, total } = await listMeetings(deps.knex, listingOf(call));
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'session.list',
    objectType: 'session',
    objectId: null,
    changes: { shown: meetings.length },
  });
  const texts = await readTexts(deps, principal.personId, meetings);
  return {
    status: 200,
    headers: { 'x-total-count': String(total) },
    body: meetings.map((meeting, index) =>
      presentMeeting(meeting, texts[index]!, deps.http.publicUrl),
    ),
  };
}

function listingOf({ principal, query }: Call<unknown, ListQuery>): SessionListing {
  const isClinic = principal.role === 'staff' || principal.role === 'admin';
  return {
    personId: principal.personId,
    clinicId: principal.clinicId,
    as: isClinic ? 'clinic' : principal.role === 'counselor' ? 'therapist' : 'client',
    statuses: query.status === undefined ? null : statusesBehind(query.status),
    format: query.meetingType ?? null,
    fromMs: query.from === undefined ? null : parseInstant(query.from, 'UTC'),
    toMs: query.to === undefined ? null : parseInstant(query.to, 'UTC'),
    limit: query.limit,
    offset: query.offset,
  };
}

/** GET /booking/meetings/{id} */
export async function getMeeting(call: Call): Promise<Answer> {
  const meeting = await openMeeting(call, 'read');
  await recordRead(call, meeting);
  return { status: 200, body: await presentFor(call, meeting) };
}
