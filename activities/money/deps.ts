import type { Knex } from 'knex';
import type { AuditContext } from '../../db/audit/entry.ts';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import type { CardGateway } from '../gateways/card-gateway.ts';

export interface MoneyDeps {
  readonly knex: Knex;
  readonly cards: CardGateway;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Time since the current activity was first scheduled, its retries included, ms. */
  readonly waitedMs: () => number;
}

const SYSTEM: AuditContext = { actor: SYSTEM_ACTOR, requestId: null };

/** A transaction of the product itself, with its audit rows. */
export function asSystem<T>(
  { knex }: Pick<MoneyDeps, 'knex'>,
  work: (trx: Knex.Transaction, audit: RecordAudit) => Promise<T>,
): Promise<T> {
  return inTransaction(knex, SYSTEM, work);
}
