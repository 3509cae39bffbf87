import type { Knex } from 'knex';
import { toInsert } from './entry.ts';
import type { AuditContext, AuditEntry, AuditInsert } from './entry.ts';

/** One constant statement for any number of rows keeps planning and parsing cheap. */
const INSERT = `
  INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
    subject_id, outcome, request_id, changes)
  SELECT clinic_id, actor_id, actor_role, action, object_type, object_id,
    subject_id, outcome, request_id, changes
  FROM json_to_recordset(?::json) AS entry (clinic_id uuid, actor_id uuid, actor_role text,
    action text, object_type text, object_id text, subject_id uuid, outcome text,
    request_id text, changes jsonb)`;

export async function insertAuditRows(db: Knex, rows: readonly AuditInsert[]): Promise<void> {
  if (rows.length === 0) return;
  await db.raw(INSERT, [JSON.stringify(rows)]);
}

/**
 * Records an act that has no transaction of its own: a read of health data, a refused access.
 * One insert, committed before it returns, so that nothing is shown which was not recorded.
 */
export async function auditRead(
  db: Knex,
  context: AuditContext,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  await insertAuditRows(
    db,
    entries.map((entry) => toInsert(context, entry)),
  );
}
