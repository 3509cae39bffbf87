import { STATUS_FILTERS, listSupportSessions } from '../../../db/support-listing.ts';
import type { StatusFilter, SupportSort } from '../../../db/support-listing.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import type { Answer, Call } from '../../http/handler.ts';
import {
  SESSION_TYPES,
  inBothShapes,
  pagingInA,
  pagingInB,
  readHelperType,
  readUrgency,
} from '../dialect.ts';
import { listedInA, listedInB } from './present.ts';
import { auditShown, showSessions } from './shown.ts';

export interface MySessionsQuery {
  readonly status?: string;
  readonly type?: string;
  readonly helperType?: string;
  readonly severity?: string;
  readonly urgencyLevel?: string;
  readonly dateFrom?: string;
  readonly dateTo?: string;
  readonly sort: SupportSort;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly page: number;
  readonly [name: string]: unknown;
}

/** `GET /api/sessions/user` and `GET /api/sessions/my-sessions` */
export async function listOwnSupportSessions(
  call: Call<unknown, MySessionsQuery>,
): Promise<Answer> {
  const { deps, principal, query } = call;
  const { limit, page, sort, order } = query;
  const { sessions, total, summary } = await listSupportSessions(deps.knex, {
    personId: principal.personId,
    status: statusOf(query.status),
    ...kindOf(query),
    severity: readUrgency(query.severity ?? query.urgencyLevel),
    from: instantOf('dateFrom', query.dateFrom),
    to: instantOf('dateTo', query.dateTo),
    sort,
    order,
    limit,
    offset: (page - 1) * limit,
  });
  await auditShown(call, 'support_session.list', sessions);
  const shown = await showSessions(call, sessions);
  const now = Date.now();
  const paging = { page, limit, total, count: sessions.length };
  return inBothShapes(200, {
    a: { sessions: shown.map((one) => listedInA(one, now)), pagination: pagingInA(paging) },
    b: {
      sessions: shown.map((one) => listedInB(one, now)),
      pagination: pagingInB(paging, 'totalSessions'),
      summary,
    },
  });
}

function statusOf(word: string | undefined): StatusFilter | null {
  return (Object.keys(STATUS_FILTERS) as StatusFilter[]).find((known) => known === word) ?? null;
}

/** A's types are narrower than B's types of helper. */
function kindOf({ type, helperType }: MySessionsQuery) {
  const ownType = SESSION_TYPES.find((known) => known === type) ?? null;
  const helper = readHelperType(helperType ?? (ownType === null ? type : undefined));
  return { type: ownType, helperType: helper };
}

const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** A bare last day counts whole. */
function instantOf(field: 'dateFrom' | 'dateTo', text: string | undefined): Date | null {
  if (text === undefined) return null;
  const isDay = text.length === 10;
  const end = isDay && field === 'dateTo' ? 'T23:59:59.999Z' : '';
  const instant = new Date(ISO.test(text) ? `${text}${end}` : Number.NaN);
  // A day that isn't there, such as February 31st, would be read as another one.
  const day = text.slice(0, 10);
  const isThere = !Number.isNaN(instant.getTime()) && dayOf(day) === day;
  if (isThere) return instant;
  throw new HoldfastError('malformed_request', `${field} must be an ISO date or time`, {
    fields: [{ field, message: 'must be an ISO date or time' }],
  });
}

function dayOf(day: string): string | null {
  const midnight = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(midnight.getTime()) ? null : midnight.toISOString().slice(0, 10);
}
