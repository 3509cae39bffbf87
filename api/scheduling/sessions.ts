import { auditRead } from '../../db/audit/record.ts';
import type { LocationType } from '../../db/models/location.ts';
import {
  type ScheduleFilter,
  type ScheduleSummary,
  readSchedule,
  summariseSchedule,
} from '../../db/schedule.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { auditContext } from '../access/audit-context.ts';
import { maySeeAuthorisations } from '../access/scheduling-access.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { presentPlaced } from './present.ts';
import { readBound, therapistsInReach, zoneOf } from './range.ts';
import { locationTypeOf, malformed } from './session-block.ts';
import { type StatusWord, statusWord, statusesOf } from './words.ts';

interface SessionsQuery extends Query {
  readonly page: number;
  readonly limit: number;
  readonly therapist_id?: string;
  readonly client_id?: string;
  readonly status?: StatusWord;
  readonly start_date?: string;
  readonly end_date?: string;
  readonly time_zone?: string;
  readonly location_type?: LocationType;
}

const FORMATS: Readonly<Record<LocationType, readonly SessionFormat[]>> = {
  telehealth: ['video', 'chat'],
  in_person: ['in_person'],
  phone: ['audio'],
};

/** GET /get-sessions-optimized */
export async function listScheduledSessions(call: Call<unknown, SessionsQuery>): Promise<Answer> {
  const began = performance.now();
  const { deps, principal, query, requestId } = call;
  const filter = await filterOf(call);
  const { page, limit } = query;
  const queryBegan = performance.now();
  const [found, summary] = await Promise.all([
    readSchedule(deps.knex, {
      ...filter,
      limit,
      offset: (page - 1) * limit,
      withAuthorisations: maySeeAuthorisations(principal),
    }),
    summariseSchedule(deps.knex, filter),
  ]);
  const queryMs = performance.now() - queryBegan;
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'session.list',
    objectType: 'session',
    objectId: null,
    changes: { shown: found.rows.length },
  });
  const pages = Math.ceil(found.total / limit);
  const pagination = {
    page,
    limit,
    total: found.total,
    total_pages: pages,
    has_more: page < pages,
  };
  return {
    status: 200,
    body: {
      success: true,
      data: {
        sessions: found.rows.map(presentPlaced),
        pagination,
        summary: presentSummary(summary),
      },
      filters: query,
      performance: {
        query_time_ms: round(queryMs),
        total_time_ms: round(performance.now() - began),
      },
    },
  };
}

async function filterOf(call: Call<unknown, SessionsQuery>): Promise<ScheduleFilter> {
  const { principal, query } = call;
  const { therapist_id: therapist, client_id: client, start_date: start, end_date: end } = query;
  const named = therapist === undefined ? [] : [therapist];
  const therapistIds = await therapistsInReach(call, 'session.list', named);
  const zone = await zoneOf(call, query.time_zone);
  const fromMs = start === undefined ? null : readBound('start_date', start, zone, 'first');
  const toMs = end === undefined ? null : readBound('end_date', end, zone, 'last');
  if (fromMs !== null && toMs !== null && toMs <= fromMs) {
    throw malformed('end_date', 'must not lie before start_date');
  }
  return {
    clinicId: principal.clinicId,
    fromMs,
    toMs,
    therapistIds,
    clientIds: client === undefined ? null : [client],
    statuses: query.status === undefined ? null : statusesOf(query.status),
    formats: query.location_type === undefined ? null : FORMATS[query.location_type],
  };
}

function presentSummary(summary: ScheduleSummary): Record<string, unknown> {
  return {
    total: summary.total,
    total_minutes: summary.minutes,
    therapists: summary.therapists,
    clients: summary.clients,
    by_status: inWords(summary.byStatus, statusWord),
    by_location_type: inWords(summary.byFormat, locationTypeOf),
  };
}

/** Several states have one word: what they count comes together. */
function inWords<Value extends string>(
  counts: Readonly<Partial<Record<Value, number>>>,
  word: (value: Value) => string,
): Record<string, number> {
  const summed: Record<string, number> = {};
  for (const [value, count] of Object.entries(counts) as [Value, number][]) {
    summed[word(value)] = (summed[word(value)] ?? 0) + count;
  }
  return summed;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
