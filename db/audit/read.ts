import type { Knex } from 'knex';
import type { AuditChanges } from './entry.ts';

/** Where a page of the record ended: the instant in microseconds since 1970, and the row. */
export interface AuditPlace {
  readonly atUs: string;
  readonly id: string;
}

export interface AuditFilter {
  readonly clinicId: string;
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly action: string | null;
  readonly objectType: string | null;
  readonly objectId: string | null;
  /** From this instant on, and before that one. */
  readonly from: Date | null;
  readonly to: Date | null;
  readonly before: AuditPlace | null;
  readonly limit: number;
}

export interface RecordedAct extends AuditPlace {
  readonly at: Date;
  readonly actorId: string | null;
  readonly actorRole: string;
  readonly action: string;
  readonly objectType: string;
  readonly objectId: string | null;
  readonly subjectId: string | null;
  readonly outcome: 'allowed' | 'denied';
  readonly requestId: string | null;
  readonly changes: AuditChanges | null;
}

const CONDITIONS: readonly (readonly [keyof AuditFilter, string])[] = [
  ['actorId', 'actor_id = :actorId'],
  ['subjectId', 'subject_id = :subjectId'],
  ['action', 'action = :action'],
  ['objectType', 'object_type = :objectType'],
  ['objectId', 'object_id = :objectId'],
  ['from', 'at >= :from'],
  ['to', 'at < :to'],
];

const BEFORE = `(at, audit_entries.id) < (to_timestamp(0) + :atUs * interval '1 microsecond', :id::bigint)`;

/**
 * A clinic's record, newest first. Only what is asked for is in the statement, so that the planner
 * takes the index of it.
 */
export async function readAudit(db: Knex, filter: AuditFilter): Promise<RecordedAct[]> {
  const { before } = filter;
  const asked = CONDITIONS.filter(([name]) => filter[name] !== null).map(([, sql]) => sql);
  const where = ['clinic_id = :clinicId', ...asked, ...(before === null ? [] : [BEFORE])];
  const { rows } = await db.raw<{ rows: RecordedAct[] }>(
    `SELECT id::text, (extract(epoch FROM at) * 1000000)::bigint::text AS "atUs", at,
       actor_id AS "actorId", actor_role AS "actorRole", action, object_type AS "objectType",
       object_id AS "objectId", subject_id AS "subjectId", outcome, request_id AS "requestId",
       changes
     FROM audit_entries WHERE ${where.join(' AND ')}
     ORDER BY at DESC, audit_entries.id DESC LIMIT :limit`,
    { ...filter, atUs: before?.atUs ?? null, id: before?.id ?? null },
  );
  return rows;
}
