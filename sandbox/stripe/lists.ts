import { invalidParameter, noSuch } from './errors.ts';
import type { Params } from './params.ts';

type Listed = { id: string; created: number };
type Bound = (created: number) => boolean;

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;

/**
 * One page of `rows` (oldest first), newest first as Stripe lists, after the request's `limit`,
 * `starting_after`, `ending_before` and `created`. Refuses parameters that nothing has read.
 */
export function page<T extends Listed>(
  params: Params,
  rows: readonly T[],
  url: string,
  kind: string,
): { object: 'list'; data: T[]; has_more: boolean; url: string } {
  const limit = params.integer('limit', 1) ?? DEFAULT_LIMIT;
  if (limit > MAX_LIMIT) {
    throw invalidParameter(
      `This value must be less than or equal to ${MAX_LIMIT}.`,
      'limit',
      'parameter_invalid_integer',
    );
  }
  const after = params.string('starting_after');
  const before = params.string('ending_before');
  const bound = createdBound(params);
  params.finish();
  const newestFirst = rows.filter((row) => bound(row.created)).toReversed();
  const slice =
    before === undefined
      ? forward(newestFirst, after, limit, kind)
      : backward(newestFirst, before, limit, kind);
  return { object: 'list', ...slice, url };
}

function forward<T extends Listed>(
  rows: T[],
  after: string | undefined,
  limit: number,
  kind: string,
): { data: T[]; has_more: boolean } {
  const start = after === undefined ? 0 : position(rows, after, 'starting_after', kind) + 1;
  return { data: rows.slice(start, start + limit), has_more: rows.length > start + limit };
}

function backward<T extends Listed>(
  rows: T[],
  before: string,
  limit: number,
  kind: string,
): { data: T[]; has_more: boolean } {
  const end = position(rows, before, 'ending_before', kind);
  const start = Math.max(0, end - limit);
  return { data: rows.slice(start, end), has_more: start > 0 };
}

function position(rows: readonly Listed[], id: string, param: string, kind: string): number {
  const index = rows.findIndex((row) => row.id === id);
  if (index < 0) throw noSuch(kind, id, param, 'body');
  return index;
}

function createdBound(params: Params): Bound {
  if (!params.has('created')) return () => true;
  const exact = plainInteger(params);
  if (exact !== undefined) return (created) => created === exact;
  const range = params.hash('created');
  const gt = range?.integer('gt', 0);
  const gte = range?.integer('gte', 0);
  const lt = range?.integer('lt', 0);
  const lte = range?.integer('lte', 0);
  return (created) =>
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte);
}

function plainInteger(params: Params): number | undefined {
  try {
    return params.integer('created', 0);
  } catch {
    return undefined;
  }
}
