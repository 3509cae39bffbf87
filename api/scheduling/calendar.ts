import { auditRead } from '../../db/audit/record.ts';
import { findCalendars, findOverlaps } from '../../db/schedule-conflicts.ts';
import { type SchedulePage, readSchedule } from '../../db/schedule.ts';
import type { Interval } from '../../domain/intervals.ts';
import { DAY_MS } from '../../domain/local-time.ts';
import { auditContext } from '../access/audit-context.ts';
import { maySeeAuthorisations } from '../access/scheduling-access.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { type PlacedSession, availabilityOf, conflictsOf } from './conflicts.ts';
import { presentPlaced } from './present.ts';
import { readRange, therapistsInReach, zoneOf } from './range.ts';
import { malformed } from './session-block.ts';

interface BatchRequest {
  readonly start_date: string;
  readonly end_date: string;
  readonly therapist_ids: readonly string[];
  readonly client_ids: readonly string[];
  readonly batch_size: number;
  readonly offset: number;
  readonly include_availability: boolean;
  readonly include_conflicts: boolean;
  readonly time_zone?: string;
}

type GivenRequest = Partial<BatchRequest> & Pick<BatchRequest, 'start_date' | 'end_date'>;

interface BatchQuery extends Query, Omit<GivenRequest, 'therapist_ids' | 'client_ids'> {
  readonly therapist_ids?: string;
  readonly client_ids?: string;
}

const BATCH_SIZE = 200;
/** Hours of a whole clinic are worked out for so many days at once. */
const MAX_AVAILABILITY_DAYS = 62;

/** GET /get-schedule-data-batch */
export function getScheduleBatch(
  call: Call<unknown, BatchQuery & { start_date: string; end_date: string }>,
): Promise<Answer> {
  const { therapist_ids: therapists, client_ids: clients, ...others } = call.query;
  return answerBatch(call, {
    ...others,
    therapist_ids: namesIn(therapists),
    client_ids: namesIn(clients),
  });
}

/** POST /get-schedule-data-batch */
export function postScheduleBatch(call: Call<GivenRequest>): Promise<Answer> {
  return answerBatch(call, call.body);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function namesIn(list: string | undefined): string[] {
  const names = (list ?? '').split(',').filter((name) => name !== '');
  if (names.every((name) => UUID.test(name))) return names;
  throw malformed('therapist_ids', 'and client_ids must be ids with commas between them');
}

async function answerBatch(call: Call, given: GivenRequest): Promise<Answer> {
  const began = performance.now();
  const request = withDefaults(given);
  const therapistIds = await therapistsInReach(call, 'schedule.read', request.therapist_ids);
  const zone = await zoneOf(call, request.time_zone);
  const window = readRange(request.start_date, request.end_date, zone);
  assertBounded(request, window);
  const queryBegan = performance.now();
  const page = await readSchedule(call.deps.knex, {
    clinicId: call.principal.clinicId,
    fromMs: window.startMs,
    toMs: window.endMs,
    therapistIds,
    clientIds: request.client_ids.length === 0 ? null : request.client_ids,
    statuses: null,
    formats: null,
    limit: request.batch_size,
    offset: request.offset,
    withAuthorisations: maySeeAuthorisations(call.principal),
  });
  const queryMs = performance.now() - queryBegan;
  const sessions = page.rows.map(presentPlaced);
  const extras = await extrasOf(call, request, sessions, therapistIds, window);
  await recordShown(call, page);
  const pagination = paginationOf(request, page);
  const figures = figuresOf(began, queryMs, page);
  const data = { sessions, ...extras, pagination, performance: figures };
  const parameters = { ...request, time_zone: zone };
  return { status: 200, body: { success: true, data, request_parameters: parameters } };
}

function withDefaults(given: GivenRequest): BatchRequest {
  const { start_date, end_date, time_zone } = given;
  return {
    start_date,
    end_date,
    therapist_ids: given.therapist_ids ?? [],
    client_ids: given.client_ids ?? [],
    batch_size: given.batch_size ?? BATCH_SIZE,
    offset: given.offset ?? 0,
    include_availability: given.include_availability ?? false,
    include_conflicts: given.include_conflicts ?? false,
    ...(time_zone === undefined ? {} : { time_zone }),
  };
}

function assertBounded(request: BatchRequest, { startMs, endMs }: Interval): void {
  if (!request.include_availability || endMs - startMs <= MAX_AVAILABILITY_DAYS * DAY_MS) return;
  const days = String(MAX_AVAILABILITY_DAYS);
  throw malformed('include_availability', `is for up to ${days} days at once`);
}

async function extrasOf(
  call: Call,
  request: BatchRequest,
  sessions: readonly PlacedSession[],
  therapistIds: readonly string[] | null,
  window: Interval,
): Promise<Record<string, unknown>> {
  const { include_availability: wantsHours, include_conflicts: wantsConflicts } = request;
  if (!wantsHours && !wantsConflicts) return {};
  const { knex } = call.deps;
  const { clinicId } = call.principal;
  const [calendars, overlaps] = await Promise.all([
    findCalendars(knex, { clinicId, therapistIds, window }),
    wantsConflicts
      ? findOverlaps(
          knex,
          sessions.map(({ id }) => id),
        )
      : [],
  ]);
  return {
    ...(wantsHours ? { availability: availabilityOf(calendars, window) } : {}),
    ...(wantsConflicts ? { conflicts: conflictsOf(sessions, calendars, overlaps) } : {}),
  };
}

/** Nothing is shown that was not recorded. */
function recordShown(call: Call, { rows }: SchedulePage): Promise<void> {
  return auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'schedule.read',
    objectType: 'session',
    objectId: null,
    changes: { shown: rows.length },
  });
}

function paginationOf(
  { batch_size, offset }: BatchRequest,
  { rows: { length: count }, total }: SchedulePage,
): Record<string, unknown> {
  const next = offset + count;
  const hasMore = count > 0 && next < total;
  return {
    batch_size,
    offset,
    count,
    total,
    has_more: hasMore,
    next_offset: hasMore ? next : null,
  };
}

/** As measured here, up to the writing of the answer. */
function figuresOf(began: number, queryMs: number, { rows }: SchedulePage): Record<string, number> {
  const totalMs = performance.now() - began;
  const round = (value: number): number => Math.round(value * 100) / 100;
  return {
    query_time_ms: round(queryMs),
    total_time_ms: round(totalMs),
    rows: rows.length,
    rows_per_second: Math.round((rows.length / totalMs) * 1000),
  };
}
