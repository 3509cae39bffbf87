import { auditRead } from '../../db/audit/record.ts';
import { sessionTimeline } from '../../db/timeline.ts';
import type { TimelineEntry } from '../../db/timeline.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSession } from '../sessions/open-session.ts';
import { auditContext } from '../access/audit-context.ts';

/** GET /api/v1/sessions/{id}/timeline */
export async function getSessionTimeline(call: Call): Promise<Answer> {
  const session = await openSession(call, 'read');
  const entries = await sessionTimeline(call.deps.knex, session.id);
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'session.timeline.read',
    objectType: 'session',
    objectId: session.id,
    subjectId: session.client_id,
  });
  return { status: 200, body: { data: entries.map(present), nextCursor: null } };
}

function present(entry: TimelineEntry): Record<string, unknown> {
  return { ...entry, at: entry.at.toISOString() };
}
