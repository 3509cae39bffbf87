import { auditRead } from '../../db/audit/record.ts';
import { listHosted } from '../../db/hosted-sessions.ts';
import { findCurrentRelationship } from '../../db/relationships.ts';
import type { SessionListing } from '../../db/session-listing.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayAskOfRelationship } from '../access/hosting-access.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { recordRead } from '../sessions/open-session.ts';
import { openHosted } from './open-hosted.ts';
import { presentSession, presentSessions } from './present.ts';

/** GET /teletherapy/sessions/{id} */
export async function getTeletherapySession(call: Call): Promise<Answer> {
  const session = await openHosted(call, 'read');
  await recordRead(call, session);
  return { status: 200, body: await presentSession(call, session) };
}

interface UpcomingQuery extends Query {
  readonly limit: number;
  readonly page: number;
}

/** GET /teletherapy/sessions/upcoming: from whichever door, the next one first. */
export async function listUpcomingSessions(call: Call<unknown, UpcomingQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { limit, page } = query;
  const { rows, total } = await listHosted(deps.knex, listingOf(call));
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'session.list',
    objectType: 'session',
    objectId: null,
    changes: { shown: rows.length },
  });
  return {
    status: 200,
    body: { sessions: await presentSessions(call, rows), total, page, limit },
  };
}

function listingOf({ principal, query }: Call<unknown, UpcomingQuery>): SessionListing {
  const isClinic = principal.role === 'staff' || principal.role === 'admin';
  return {
    personId: principal.personId,
    clinicId: principal.clinicId,
    as: isClinic ? 'clinic' : principal.role === 'counselor' ? 'either' : 'client',
    statuses: ['planned', 'requested', 'awaiting_payment', 'confirmed', 'in_progress'],
    format: null,
    fromMs: null,
    toMs: null,
    endsAfterMs: Date.now(),
    isAscending: true,
    limit: query.limit,
    offset: (query.page - 1) * query.limit,
  };
}

interface RelationshipQuery extends Query {
  readonly therapistId: string;
  readonly clientId: string;
}

/** GET /teletherapy/sessions/relationship */
export async function checkRelationship(call: Call<unknown, RelationshipQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'relationship.read', objectType: 'relationship', objectId: null };
  await enforce(call, mayAskOfRelationship(principal, query), target);
  const since = await findCurrentRelationship(deps.knex, principal.clinicId, query);
  await auditRead(deps.knex, auditContext(principal, requestId), {
    ...target,
    subjectId: query.clientId,
  });
  const exists = since !== null;
  return { status: 200, body: { exists, ...(exists ? { since: since.toISOString() } : {}) } };
}
