import { auditRead } from '../../db/audit/record.ts';
import { isSeat } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { sessionTimeline } from '../../db/timeline.ts';
import type { TimelineEntry, TimelineMember } from '../../db/timeline.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSession } from '../sessions/open-session.ts';
import { auditContext } from '../access/audit-context.ts';

/** GET /api/v1/sessions/{id}/timeline */
export async function getSessionTimeline(call: Call): Promise<Answer> {
  const session = await openSession(call, 'read');
  const entries = await sessionTimeline(call.deps.knex, session.id, membership(session));
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'session.timeline.read',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
  });
  return { status: 200, body: { data: entries.map(present), nextCursor: null } };
}

/** A group's member sees what concerns all, and themselves; of the others nothing. */
function membership(session: SessionRow): TimelineMember | null {
  if (!isSeat(session)) return null;
  return { personId: session.client_id, enrolmentId: session.enrolment_id };
}

function present(entry: TimelineEntry): Record<string, unknown> {
  return { ...entry, at: entry.at.toISOString() };
}
