import { HoldfastError } from '../../domain/errors.ts';
import type { Call } from '../http/handler.ts';

const ETAG = /^(?:W\/)?"?(\d{1,9})"?$/;

/** The ETag of a versioned object. */
export function etag(version: number): Record<string, string> {
  return { etag: `"${version}"` };
}

/**
 * The version that the caller has read, by `If-Match` or the body's `version`; null where they
 * don't say or don't mind (`*`). Throws `malformed_request` for an ETag that isn't ours.
 */
export function expectedVersion(call: Call<{ readonly version?: number }>): number | null {
  const header = call.headers['if-match'];
  if (header === undefined) return call.body.version ?? null;
  if (header.trim() === '*') return null;
  const version = ETAG.exec(header.trim())?.[1];
  if (version !== undefined) return Number(version);
  throw new HoldfastError('malformed_request', 'If-Match must be the ETag of an earlier answer', {
    fields: [{ field: 'If-Match', message: 'must be the ETag of an earlier answer' }],
  });
}

/** A body that names the object it is about must name the one in the path. */
export function requireSameId(call: Call, field: string, id: string | undefined): void {
  if (id === undefined || id === call.params['id']) return;
  throw new HoldfastError('malformed_request', `${field} must be the one in the path`, {
    fields: [{ field, message: 'must be the one in the path' }],
  });
}
