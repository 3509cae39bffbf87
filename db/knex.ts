import knexPackage from 'knex';
import type { Knex } from 'knex';

export interface PoolOptions {
  /** Largest number of connections this process opens. */
  readonly maxConnections?: number;
  /** How long a caller waits for a free connection before it is told to come back, ms. */
  readonly acquireTimeoutMs?: number;
  readonly applicationName?: string;
}

/** A connection pool to PostgreSQL. The caller destroys it. */
export function openDatabase(databaseUrl: string, options: PoolOptions = {}): Knex {
  return knexPackage.default({
    client: 'pg',
    connection: {
      connectionString: databaseUrl,
      application_name: options.applicationName ?? 'holdfast',
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 30_000,
    },
    pool: { min: 0, max: options.maxConnections ?? 10 },
    acquireConnectionTimeout: options.acquireTimeoutMs ?? 3_000,
  });
}
