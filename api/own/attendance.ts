import type { Answer, Call } from '../http/handler.ts';
import { markAttendance } from '../sessions/acts.ts';
import { openSession } from '../sessions/open-session.ts';

export interface AttendanceBody {
  readonly attendance: 'attended' | 'absent';
}

/** POST /api/v1/sessions/{id}/attendance */
export async function recordAttendance(call: Call<AttendanceBody>): Promise<Answer> {
  const session = await openSession(call, 'mark_attendance');
  const { attendance } = call.body;
  const { status } = await markAttendance(call, session, attendance);
  return { status: 200, body: { sessionId: session.id, status, attendance } };
}
