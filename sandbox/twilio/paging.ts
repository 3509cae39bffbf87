import type { Request } from 'express';
import { TwilioSandboxError } from './errors.ts';

interface PageOptions {
  /** The plural that holds the records: `messages`, `calls`. */
  readonly key: string;
  readonly tokenPrefix: string;
}

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/**
 * One page of a list as the provider answers it. A page token names the last record of the
 * page before, so that records made meanwhile don't shift the pages.
 */
export function presentPage<T extends { readonly sid: string }>(
  req: Request,
  records: readonly T[],
  { key, tokenPrefix }: PageOptions,
  present: (record: T) => object,
): object {
  const size = wholeNumber(req.query['PageSize'], DEFAULT_PAGE_SIZE, 'PageSize');
  const pageSize = Math.min(Math.max(size, 1), MAX_PAGE_SIZE);
  const page = wholeNumber(req.query['Page'], 0, 'Page');
  const start = startOf(req.query['PageToken'], records, tokenPrefix, page * pageSize);
  const shown = records.slice(start, start + pageSize);
  const last = shown.at(-1);
  const more = start + pageSize < records.length && last !== undefined;
  const path = req.originalUrl.split('?')[0] ?? '';
  const link = (number: number, token: string | null): string =>
    `${path}?${linkQuery(req, pageSize, number, token)}`;
  return {
    end: start + shown.length - (shown.length > 0 ? 1 : 0),
    first_page_uri: link(0, null),
    [key]: shown.map(present),
    next_page_uri: more ? link(page + 1, `PA${tokenPrefix}${last.sid}`) : null,
    page,
    page_size: pageSize,
    previous_page_uri: page > 0 ? link(page - 1, null) : null,
    start,
    uri: req.originalUrl,
  };
}

function startOf(
  token: unknown,
  records: readonly { readonly sid: string }[],
  tokenPrefix: string,
  fallback: number,
): number {
  if (token === undefined) return fallback;
  const sid = typeof token === 'string' ? token.slice(`PA${tokenPrefix}`.length) : '';
  const index = records.findIndex((record) => record.sid === sid);
  if (index < 0) throw new TwilioSandboxError(20001, 'PageToken');
  return index + 1;
}

function linkQuery(req: Request, pageSize: number, page: number, token: string | null): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(req.query)) {
    if (!['PageSize', 'Page', 'PageToken'].includes(name) && typeof value === 'string') {
      query.set(name, value);
    }
  }
  query.set('PageSize', String(pageSize));
  query.set('Page', String(page));
  if (token !== null) query.set('PageToken', token);
  return query.toString();
}

function wholeNumber(value: unknown, fallback: number, name: string): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) {
    throw new TwilioSandboxError(20001, name);
  }
  return Number(value);
}

/**
 * Whether an instant fits the provider's date filters: `Name`, `Name<` and `Name>`, each a
 * date or an instant, bounds included.
 */
export function matchesDateFilter(
  query: Request['query'],
  name: string,
  at: number | null,
): boolean {
  const exact = instantOf(query[name]);
  const before = instantOf(query[`${name}<`]);
  const after = instantOf(query[`${name}>`]);
  if (exact === null && before === null && after === null) return true;
  if (at === null) return false;
  const second = Math.floor(at / 1000) * 1000;
  if (exact !== null && !(second >= exact.from && second <= exact.to)) return false;
  if (before !== null && second > before.to) return false;
  return after === null || second >= after.from;
}

const DAY_MS = 86_400_000;

function instantOf(value: unknown): { from: number; to: number } | null {
  if (typeof value !== 'string' || value === '') return null;
  const from = Date.parse(value);
  if (Number.isNaN(from)) throw new TwilioSandboxError(20001, 'date');
  const wholeDay = /^\d{4}-\d{2}-\d{2}$/.test(value);
  return { from, to: wholeDay ? from + DAY_MS - 1000 : from };
}
