import { auditRead } from '../../db/audit/record.ts';
import { hasSeats } from '../../db/seats.ts';
import {
  type Attendance,
  type Mark,
  attendanceOf,
  expectedIn,
  settledAttendance,
} from '../../db/session-attendance.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import { isEnded } from '../../domain/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSession } from '../sessions/open-session.ts';

/** GET /api/v1/sessions/{id}/attendance */
export async function getSessionAttendance(call: Call): Promise<Answer> {
  const session = await openSession(call, 'read_attendance');
  const { knex } = call.deps;
  const isOver = isEnded(session.status);
  const [expected, settled] = await Promise.all([
    expectedIn(knex, session.id),
    isOver ? settledAttendance(knex, session.id) : [],
  ]);
  const there = settled.length > 0 ? settled : await attendanceOf(knex, session.id);
  await auditRead(knex, auditContext(call.principal, call.requestId), {
    action: 'session.attendance.read',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
  });
  const marks = new Map(expected.map(({ personId, mark }) => [personId, mark]));
  return { status: 200, body: present(session, there, marks) };
}

function present(
  session: SessionRow,
  there: readonly Attendance[],
  marks: ReadonlyMap<string, Mark>,
): Record<string, unknown> {
  const { id, status, therapist_id: therapistId, starts_at, ends_at } = session;
  const own = there.find(({ personId }) => personId === therapistId);
  const came = new Map(there.map((each) => [each.personId, each]));
  const personIds = [...new Set([therapistId, ...marks.keys(), ...came.keys()])];
  return {
    sessionId: id,
    status,
    isGroup: hasSeats(session),
    scheduledMinutes: Math.round((ends_at.getTime() - starts_at.getTime()) / MINUTE_MS),
    startedAt: own?.billedFrom?.toISOString() ?? null,
    endedAt: own?.billedUntil?.toISOString() ?? null,
    billedMinutes: minutes(own?.billedMs ?? 0),
    isFinal: isEnded(status) && there.every(({ leftAt }) => leftAt !== null),
    people: personIds.map((personId) => {
      const each = came.get(personId);
      return {
        personId,
        role: each?.role ?? (personId === therapistId ? 'host' : 'participant'),
        attendance: marks.get(personId) ?? ((each?.insideMs ?? 0) > 0 ? 'attended' : null),
        cameAt: each?.cameAt.toISOString() ?? null,
        leftAt: each?.leftAt?.toISOString() ?? null,
        insideMinutes: minutes(each?.insideMs ?? 0),
        billedMinutes: minutes(each?.billedMs ?? 0),
      };
    }),
  };
}

/** Whole minutes that have passed: nobody is billed for one that has only begun. */
function minutes(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}
