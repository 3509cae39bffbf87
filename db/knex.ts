import knexPackage from 'knex';
import type { Knex } from 'knex';
import { nameOf } from './prepared-statements.ts';

export interface PoolOptions {
  /** Largest number of connections this process opens. */
  readonly maxConnections?: number;
  /** How long a caller waits for a free connection before it is told to come back, ms. */
  readonly acquireTimeoutMs?: number;
  /** How long a caller waits for a statement's answer before its connection is given up, ms. */
  readonly queryTimeoutMs?: number;
  readonly applicationName?: string;
}

/** What the driver says without a code of its own. */
const SILENCES: Readonly<Record<string, string>> = {
  'Query read timeout': 'ETIMEDOUT',
  'Connection terminated': 'ECONNRESET',
  'Connection terminated unexpectedly': 'ECONNRESET',
  'Client has encountered a connection error and is not queryable': 'ECONNRESET',
  'Client was closed and is not queryable': 'ECONNRESET',
};

/** The query builder's own mark, by which its pool hands a connection out no more. */
const NOT_TO_BE_LENT = '__knex__disposed';

/** Silent, cut, or shut down by the server: nothing more comes of this connection. */
function isOver(error: Error): boolean {
  return 'code' in error && /^(ETIMEDOUT|ECONNRESET|57P0[1-3])$/.test(String(error.code));
}

type Answered = (error: Error | null, result: unknown) => void;

interface PooledConnection {
  query(statement: unknown, ...rest: unknown[]): unknown;
  readonly connection: { readonly stream: { destroy(): void } };
}

/**
 * A server that does not answer, because it is frozen or the way to it is cut, leaves a statement
 * behind on its connection, and perhaps an open transaction: the connection is closed, so that
 * neither reaches the next caller.
 */
function giveUpWhenSilent(connection: PooledConnection): void {
  const query = connection.query.bind(connection);
  connection.query = (statement, ...rest) => {
    const answered = rest.at(-1);
    if (typeof answered !== 'function') return query(statement, ...rest);
    const hear: Answered = (error, result) => {
      if (error !== null) {
        // The query builder writes the statement before the message, so that only a code tells.
        const code = SILENCES[error.message];
        if (code !== undefined) Object.assign(error, { code });
        if (isOver(error)) {
          Reflect.set(connection, NOT_TO_BE_LENT, error);
          connection.connection.stream.destroy();
        }
      }
      (answered as Answered)(error, result);
    };
    return query(statement, ...rest.slice(0, -1), hear);
  };
}

/** Texts that come again and again are parsed and planned once a connection. */
function prepareTheUsual(connection: PooledConnection): void {
  const query = connection.query.bind(connection);
  connection.query = (statement, ...rest) => query(named(statement), ...rest);
}

interface Parametrised {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
}

function named(statement: unknown): unknown {
  const { text, values = [], name } = statement as Parametrised;
  // Without values a statement takes the driver's short way: a text and its answer.
  if (values.length === 0 || name !== undefined) return statement;
  const usual = nameOf(text);
  return usual === undefined ? statement : Object.assign(statement as object, { name: usual });
}

/** A connection pool to PostgreSQL. The caller destroys it. */
export function openDatabase(databaseUrl: string, options: PoolOptions = {}): Knex {
  return knexPackage.default({
    client: 'pg',
    connection: {
      connectionString: databaseUrl,
      application_name: options.applicationName ?? 'holdfast',
      // Said once for a connection instead of once for every transaction.
      options: '-c default_transaction_isolation=read\\ committed',
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 30_000,
      query_timeout: options.queryTimeoutMs ?? 40_000,
    },
    pool: {
      min: 0,
      max: options.maxConnections ?? 10,
      afterCreate: (connection: PooledConnection, done: (error: null, made: unknown) => void) => {
        giveUpWhenSilent(connection);
        prepareTheUsual(connection);
        done(null, connection);
      },
    },
    // A statement's values are people's: they belong in no message, which may reach a log.
    compileSqlOnError: false,
    acquireConnectionTimeout: options.acquireTimeoutMs ?? 3_000,
  });
}
