import { readAudit } from '../../db/audit/read.ts';
import type { AuditPlace, RecordedAct } from '../../db/audit/read.ts';
import { WITHHELD } from '../../db/audit/entry.ts';
import type { AuditChanges } from '../../db/audit/entry.ts';
import { auditRead } from '../../db/audit/record.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { parseInstant } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayReadAudit } from '../access/people-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export interface AuditQuery extends PageQuery {
  readonly personId?: string;
  readonly actorId?: string;
  readonly action?: string;
  readonly objectType?: string;
  readonly objectId?: string;
  readonly from?: string;
  readonly to?: string;
}

/**
 * What of an act's changes says nothing about anybody's health. Of the others only the names are
 * shown: how severe an alert is, or what a screening came to, is read where it is kept.
 */
const HARMLESS: ReadonlySet<string> = new Set(
  `added addressed amountCents attempt calendarFeedId channel currency door dueAt endsAt groupId
   host includeText kind method occurrences override payloads personId reason refundId removed
   sessionId sessions shown source state status startsAt therapistId toggled version via
   clinicsNotes files filters isAuthenticated`.split(/\s+/),
);

/** GET /api/v1/audit */
export async function listAudit(call: Call<unknown, AuditQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'audit.list', objectType: 'audit', objectId: null };
  await enforce(call, mayReadAudit(principal), target);
  if (query.objectType !== undefined && query.objectId === undefined) {
    throw malformed('objectType', 'comes with objectId');
  }
  const acts = await readAudit(deps.knex, {
    clinicId: principal.clinicId,
    actorId: query.actorId ?? null,
    subjectId: query.personId ?? null,
    action: query.action ?? null,
    objectType: query.objectType ?? null,
    objectId: query.objectId ?? null,
    from: instantOf(query.from),
    to: instantOf(query.to),
    before: readPlace(query.cursor),
    limit: query.limit + 1,
  });
  const read = { ...target, subjectId: query.personId ?? null };
  const changes = { filters: filtersOf(query), shown: Math.min(acts.length, query.limit) };
  await auditRead(deps.knex, auditContext(principal, requestId), { ...read, changes });
  const page = pageOf(acts.map(placed), query.limit, ({ act }) => present(act));
  return { status: 200, body: page };
}

/** Without an offset in UTC. Throws `invalid_time`. */
function instantOf(text: string | undefined): Date | null {
  return text === undefined ? null : new Date(parseInstant(text, 'UTC'));
}

/** The filters' names alone: their values may be anything. */
function filtersOf(query: AuditQuery): string {
  const { personId, actorId, action, objectType, objectId, from, to } = query;
  const given = Object.entries({ personId, actorId, action, objectType, objectId, from, to });
  return given.flatMap(([name, value]) => (value === undefined ? [] : [name])).join('+');
}

const PLACE = /^(\d{1,17})\.(\d{1,18})$/;

/** Throws `malformed_request` for a cursor that no page gave. */
function readPlace(cursor: string | undefined): AuditPlace | null {
  const place = readCursor(cursor, (text) => PLACE.test(text));
  if (place === null) return null;
  const [, atUs, id] = PLACE.exec(place) ?? [];
  if (atUs === undefined || id === undefined) throw malformed('cursor', 'is none of ours');
  return { atUs, id };
}

function malformed(field: string, message: string): HoldfastError {
  const fields = [{ field, message }];
  return new HoldfastError('malformed_request', `${field} ${message}`, { fields });
}

function placed(act: RecordedAct): { readonly id: string; readonly act: RecordedAct } {
  return { id: `${act.atUs}.${act.id}`, act };
}

function present(act: RecordedAct): Record<string, unknown> {
  const { id, actorId, actorRole, action, objectType, objectId, subjectId } = act;
  const { outcome, requestId } = act;
  const [at, changes] = [act.at.toISOString(), harmless(act.changes)];
  const what = { action, objectType, objectId, subjectId, outcome, requestId, changes };
  return { id, at, actorId, actorRole, ...what };
}

function harmless(changes: AuditChanges | null): AuditChanges | null {
  if (changes === null) return null;
  const shown = Object.entries(changes).map(([name, value]) => [
    name,
    HARMLESS.has(name) || name.endsWith('Id') ? value : WITHHELD,
  ]);
  return Object.fromEntries(shown) as AuditChanges;
}
