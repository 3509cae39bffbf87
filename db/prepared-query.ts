import pg from 'pg';
import type { Connection } from 'pg';
import type { Statement } from './statement.ts';

/** What a row's columns are called, and how each is read. */
interface Column {
  readonly name: string;
  readonly read: (text: string) => unknown;
}

type Row = Readonly<Record<string, unknown>>;
export type Answered = (error: Error | null, result: { readonly rows: readonly Row[] }) => void;

/** The driver's own way of writing a value down. */
const { prepareValue } = (pg as unknown as { readonly utils: Utils }).utils;

interface Utils {
  readonly prepareValue: (value: unknown) => Buffer | string | null;
}
type Bound = (Buffer | string | null)[];

/** As the driver keeps it: what a connection has prepared, by name. */
type Prepared = Connection & { readonly parsedStatements: Readonly<Record<string, string>> };

const described = new WeakMap<Connection, Map<string, readonly Column[]>>();

function columnsOf(connection: Connection): Map<string, readonly Column[]> {
  const known = described.get(connection) ?? new Map<string, readonly Column[]>();
  described.set(connection, known);
  return known;
}

/**
 * A prepared statement that has its columns told once a connection instead of with every answer,
 * and that is no emitter of events: it takes two thirds of the driver's own. A statement prepared
 * under a name keeps its columns, or fails.
 */
export class PreparedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  /** The driver's own: set where it is handed a function. */
  callback: Answered | undefined;
  readonly #rows: Row[] = [];
  #columns: readonly Column[] | undefined;
  #connection: Connection | undefined;

  constructor({ name, text, values }: Statement) {
    this.name = name;
    this.text = text;
    this.values = values;
  }

  submit(connection: Prepared): Error | null {
    const { name, text } = this;
    const known = connection.parsedStatements[name];
    if (known !== undefined && known !== text) return new Error(`Two statements are named ${name}`);
    const values = this.#written();
    if (values instanceof Error) return values;
    this.#connection = connection;
    this.#columns = columnsOf(connection).get(name);
    connection.stream.cork();
    try {
      if (known === undefined) connection.parse({ name, text, types: [] }, true);
      connection.bind({ statement: name, values }, true);
      if (this.#columns === undefined) connection.describe({ type: 'P', name: '' }, true);
      connection.execute(null, true);
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  /** Before anything is sent: the connection would wait for ever for what follows a half of it. */
  #written(): Bound | Error {
    try {
      return this.values.map((value) => prepareValue(value));
    } catch (error) {
      return new Error(`A value of ${this.name} can not be written down`, { cause: error });
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#columns = fields.map((field): Column => {
      return { name: field.name, read: pg.types.getTypeParser(field.dataTypeID, 'text') };
    });
    columnsOf(this.#connection!).set(this.name, this.#columns);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {};
    for (const [at, { name, read }] of this.#columns!.entries()) {
      const text = fields[at] ?? null;
      row[name] = text === null ? null : read(text);
    }
    this.#rows.push(row);
  }

  handleCommandComplete(): void {
    // How many rows there are is seen by the rows.
  }

  handleReadyForQuery(): void {
    this.callback?.(null, { rows: this.#rows });
  }

  handleError(error: Error): void {
    this.callback?.(error, { rows: [] });
  }
}
