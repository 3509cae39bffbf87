import { invalidParameter } from './errors.ts';
import type { Params } from './params.ts';

type Searchable = { id: string; created: number; metadata: Record<string, string> | null };
type Clause = { field: string; key: string | null; operator: string; value: string; not: boolean };

const CLAUSE =
  /^(-?)([a-z_]+)(?:\[(["'])([^"']+)\3\])?(:|~|>=|<=|>|<)(?:(["'])((?:(?!\6).)*)\6|(-?\d+|null))\s*/;
const DEFAULT_LIMIT = 10;

/**
 * Stripe's search language over `rows` (oldest first): clauses joined by AND, or by OR, or by
 * spaces. Unlike the real one, which lags by up to a minute, it sees every change at once.
 */
export function search<T extends Searchable>(
  params: Params,
  rows: readonly T[],
  url: string,
): unknown {
  const { clauses, anyOf } = parse(params.required('query'));
  const limit = Math.min(params.integer('limit', 1) ?? DEFAULT_LIMIT, 100);
  const start = Number(params.string('page') ?? '0');
  params.finish();
  const found = rows
    .filter((row) =>
      anyOf
        ? clauses.some((clause) => matches(row, clause))
        : clauses.every((clause) => matches(row, clause)),
    )
    .toReversed();
  const hasMore = found.length > start + limit;
  return {
    object: 'search_result',
    data: found.slice(start, start + limit),
    has_more: hasMore,
    next_page: hasMore ? String(start + limit) : null,
    url,
  };
}

function parse(query: string): { clauses: Clause[]; anyOf: boolean } {
  const clauses: Clause[] = [];
  const joints = new Set<string>();
  let rest = query.trim();
  while (rest !== '') {
    const match = CLAUSE.exec(rest);
    if (match === null) throw invalidParameter('We were unable to parse your search query.');
    clauses.push({
      not: match[1] === '-',
      field: match[2] ?? '',
      key: match[4] ?? null,
      operator: match[5] ?? ':',
      value: match[7] ?? match[8] ?? '',
    });
    rest = rest.slice(match[0].length);
    const joint = /^(AND|OR)\s+/i.exec(rest);
    if (joint === null) continue;
    joints.add((joint[1] ?? '').toUpperCase());
    rest = rest.slice(joint[0].length);
  }
  if (joints.size > 1) {
    throw invalidParameter('You may not mix `AND` and `OR` in one search query.', 'query');
  }
  return { clauses, anyOf: joints.has('OR') };
}

function matches(row: Searchable, clause: Clause): boolean {
  return clause.not !== holds(fieldOf(row, clause), clause.operator, clause.value);
}

function fieldOf(row: Searchable, clause: Clause): unknown {
  if (clause.field === 'metadata' && clause.key !== null) return row.metadata?.[clause.key];
  return (row as unknown as Record<string, unknown>)[clause.field];
}

function holds(actual: unknown, operator: string, value: string): boolean {
  if (actual === undefined || actual === null) return value === 'null';
  const text = String(actual);
  switch (operator) {
    case ':':
      return text.toLowerCase() === value.toLowerCase();
    case '~':
      return text.toLowerCase().includes(value.toLowerCase());
    case '>':
      return Number(actual) > Number(value);
    case '>=':
      return Number(actual) >= Number(value);
    case '<':
      return Number(actual) < Number(value);
    default:
      return Number(actual) <= Number(value);
  }
}
