import { auditRead } from '../../db/audit/record.ts';
import { findSession } from '../../db/sessions.ts';
import { sessionTimeline } from '../../db/timeline.ts';
import type { TimelineEntry } from '../../db/timeline.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce } from './access.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';

/** GET /api/v1/sessions/{id}/timeline */
export async function getSessionTimeline(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const target = { action: 'session.timeline.read', objectType: 'session', objectId: id };
  const session = await findSession(deps.knex, id);
  await enforce(call, verdictOn('read', relationTo(principal, session)), target);
  const entries = await sessionTimeline(deps.knex, id);
  await auditRead(deps.knex, auditContext(call.principal, call.requestId), {
    ...target,
    subjectId: session?.client_id ?? null,
  });
  return { status: 200, body: { data: entries.map(present), nextCursor: null } };
}

function present(entry: TimelineEntry): Record<string, unknown> {
  return { ...entry, at: entry.at.toISOString() };
}
