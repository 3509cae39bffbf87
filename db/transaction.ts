import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { toInsert } from './audit/entry.ts';
import type { AuditContext, AuditEntry } from './audit/entry.ts';
import { insertAuditRows } from './audit/record.ts';
import { isLostRace, translateDatabaseError } from './database-errors.ts';

/** Notes an act; its row is written in the same transaction, right before the commit. */
export type RecordAudit = (entry: AuditEntry) => void;

const MAX_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 5;

/** Pauses of random length keep those who collided from colliding again. */
function pauseMs(attempt: number): number {
  return Math.random() * FIRST_PAUSE_MS * 2 ** attempt;
}

async function attemptOnce<T>(
  knex: Knex,
  context: AuditContext,
  work: (trx: Knex.Transaction, audit: RecordAudit) => Promise<T>,
): Promise<T> {
  return knex.transaction(async (trx) => {
    const entries: AuditEntry[] = [];
    const result = await work(trx, (entry) => entries.push(entry));
    const rows = entries.map((entry) => toInsert(context, entry));
    // A failed statement whose error was swallowed makes COMMIT a silent rollback; one more
    // statement, the audit insert or an empty one, brings the failure to light.
    if (rows.length > 0) await insertAuditRows(trx, rows);
    else await trx.raw('SELECT');
    return result;
  });
}

/**
 * Runs `work` in one read-committed transaction together with the audit rows it notes: both
 * are committed, or neither. A deadlock or serialization failure runs `work` again from the
 * start, so it must have no effects outside the transaction. Throws `slot_unavailable` when a
 * claim collides, `dependency_unavailable` when every attempt lost its race. An error thrown
 * by `work` rolls everything back, the audit rows too: record a refusal with `auditRead`.
 */
export async function inTransaction<T>(
  knex: Knex,
  context: AuditContext,
  work: (trx: Knex.Transaction, audit: RecordAudit) => Promise<T>,
): Promise<T> {
  if (knex.isTransaction === true) throw new TypeError('inTransaction needs the pool');
  return untilWon(() => attemptOnce(knex, context, work));
}

/**
 * Runs one statement that is a transaction of its own and brings its audit rows along, under
 * the same terms as {@link inTransaction}: a lost race runs it again, and what the database
 * refuses is told in the product's words.
 */
export async function untilWon<T>(statement: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await statement();
    } catch (error) {
      if (!isLostRace(error) || attempt === MAX_ATTEMPTS) throw translateDatabaseError(error);
    }
    await sleep(pauseMs(attempt));
  }
}
