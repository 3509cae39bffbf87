import type { Knex } from 'knex';
import { type Answered, PreparedQuery } from './prepared-query.ts';

/** A statement as the driver takes it; under its name each connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

interface Lender {
  acquireConnection(): Promise<{ query(query: PreparedQuery, answered: Answered): void }>;
  releaseConnection(connection: unknown): Promise<void>;
}

/**
 * Runs a statement on a connection of the pool, or on the transaction's, without the query builder's
 * way to it, which costs as much as the statement: for what is sent with every message. Its text
 * must name its columns.
 */
export async function runStatement<Row>(db: Knex, statement: Statement): Promise<readonly Row[]> {
  const lender = db.client as Lender;
  const connection = await lender.acquireConnection();
  try {
    return await new Promise<Row[]>((resolve, reject) => {
      connection.query(new PreparedQuery(statement), (error, result) => {
        if (error === null) resolve(result.rows as Row[]);
        else reject(error);
      });
    });
  } finally {
    await lender.releaseConnection(connection);
  }
}
