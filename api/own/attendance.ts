import { findSessionFor, hasSeats, isSeat } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Answer, Call } from '../http/handler.ts';
import { markAttendance } from '../sessions/acts.ts';
import { openSession } from '../sessions/open-session.ts';

export interface AttendanceBody {
  readonly attendance: 'attended' | 'absent';
  /** Which member of a group; required there, and nowhere else. */
  readonly memberId?: string;
}

/** POST /api/v1/sessions/{id}/attendance */
export async function recordAttendance(call: Call<AttendanceBody>): Promise<Answer> {
  const session = await openSession(call, 'mark_attendance');
  const { attendance, memberId } = call.body;
  const life = await markedLife(call, session, memberId);
  const { status } = await markAttendance(call, life, attendance);
  const member = memberId === undefined ? {} : { memberId };
  return { status: 200, body: { sessionId: session.id, ...member, status, attendance } };
}

/** In a group each member came or did not, which decides nothing for the others. */
async function markedLife(
  call: Call,
  session: SessionRow,
  memberId: string | undefined,
): Promise<SessionRow> {
  const isGroup = hasSeats(session);
  if (isGroup !== (memberId !== undefined)) {
    const message = isGroup ? 'is required for a group' : 'is for members of groups';
    throw new HoldfastError('malformed_request', `memberId ${message}`, {
      fields: [{ field: 'memberId', message }],
    });
  }
  if (memberId === undefined) return session;
  const seat = await findSessionFor(call.deps.knex, session.id, memberId);
  if (seat !== null && isSeat(seat)) return seat;
  throw new HoldfastError('not_found', 'The session has no such member.');
}
