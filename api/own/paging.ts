import type { Query } from '../http/handler.ts';
import { HoldfastError } from '../../domain/errors.ts';

export interface PageQuery extends Query {
  readonly cursor?: string;
  readonly limit: number;
}

/** A list as every endpoint of `/api/v1` gives it. */
export interface PageOf<Item> {
  readonly data: readonly Item[];
  readonly nextCursor: string | null;
}

/** The id in a cursor, or null without one. Throws `malformed_request` for what we never gave out. */
export function readCursor(
  cursor: string | undefined,
  isId: (id: string) => boolean,
): string | null {
  if (cursor === undefined) return null;
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (isId(id) && writeCursor(id) === cursor) return id;
  throw new HoldfastError('malformed_request', 'The cursor is not one that a page gave', {
    fields: [{ field: 'cursor', message: 'must be the nextCursor of the page before' }],
  });
}

function writeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** The page of `items`, which were asked for with one more than `limit`. */
export function pageOf<Row extends { readonly id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  present: (row: Row) => Item,
): PageOf<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? writeCursor(last.id) : null;
  return { data: shown.map(present), nextCursor };
}
