import { createHash, createHmac } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A row as text: what is hashed must not depend on a client's or a server's settings. */
export interface AuditRow {
  readonly id: string;
  readonly xid: string;
  readonly at_us: string;
  readonly clinic_id: string | null;
  readonly actor_id: string | null;
  readonly actor_role: string;
  readonly action: string;
  readonly object_type: string;
  readonly object_id: string | null;
  readonly subject_id: string | null;
  readonly outcome: string;
  readonly request_id: string | null;
  readonly changes: string | null;
}

/** `at` in microseconds since 1970, as PostgreSQL keeps it. */
export const AUDIT_ROW_COLUMNS = `id::text, xid::text,
  (extract(epoch FROM at) * 1000000)::bigint::text AS at_us,
  clinic_id::text, actor_id::text, actor_role, action, object_type, object_id,
  subject_id::text, outcome, request_id, changes::text`;

/**
 * One link over a batch of rows: those with an id above `afterId` whose transaction lies in
 * [`fromXid`, `toXid`). `databaseId` tells when the record was restored into another server,
 * where transactions are counted anew.
 */
export interface Seal {
  readonly number: string;
  readonly sealedAtMs: number;
  readonly databaseId: string;
  readonly afterId: string;
  readonly fromXid: string;
  readonly toXid: string;
  readonly ids: readonly string[];
  readonly digests: Buffer;
}

export const DIGEST_BYTES = 32;

/** SHA-256 over every column of a row. */
export function digestOf(row: AuditRow): Buffer {
  const columns = [row.id, row.xid, row.at_us, row.clinic_id, row.actor_id, row.actor_role];
  columns.push(row.action, row.object_type, row.object_id, row.subject_id, row.outcome);
  columns.push(row.request_id, row.changes);
  return createHash('sha256').update(JSON.stringify(columns)).digest();
}

/** The chain's next link: HMAC-SHA-256 over the link before and everything in this seal. */
export function linkOf(key: KeyObject, previous: Uint8Array, seal: Seal): Buffer {
  const { number, sealedAtMs, databaseId, afterId, fromXid, toXid, ids } = seal;
  return createHmac('sha256', key)
    .update(previous)
    .update(JSON.stringify([number, sealedAtMs, databaseId, afterId, fromXid, toXid, ids]))
    .update(seal.digests)
    .digest();
}
