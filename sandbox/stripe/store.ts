import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Records } from './records.ts';

export type CollectionName = keyof Records;
type Table<K extends CollectionName> = Map<string, Records[K]>;
type Tables = { [K in CollectionName]: Table<K> };
type Change = [collection: CollectionName, id: string, value: unknown];
type Undo = () => void;

const COMPACT_ABOVE_BYTES = 256 * 1024 * 1024;

function emptyTables(): Tables {
  return {
    payment_intents: new Map(),
    charges: new Map(),
    refunds: new Map(),
    payment_methods: new Map(),
    instruments: new Map(),
    customers: new Map(),
    setup_intents: new Map(),
    disputes: new Map(),
    events: new Map(),
    deliveries: new Map(),
    idempotency_keys: new Map(),
    tasks: new Map(),
    settings: new Map(),
  };
}

/**
 * Keeps Stripe's objects in memory and, where a file is named, in an append log beside it.
 * A transaction is one line of the log, so a process that is killed loses whole transactions
 * only, and none whose answer has been sent. Values are never changed in place.
 */
export class Store {
  readonly #tables: Tables = emptyTables();
  readonly #file: string | undefined;
  #descriptor: number | undefined;
  #bytes = 0;
  #changes: Change[] = [];
  #undo: Undo[] = [];

  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) this.#load(file);
    this.#compact(file);
  }

  get<K extends CollectionName>(collection: K, id: string): Records[K] | undefined {
    return this.#table(collection).get(id);
  }

  /** Every object of a collection, oldest first. */
  all<K extends CollectionName>(collection: K): Records[K][] {
    return [...this.#table(collection).values()];
  }

  entries<K extends CollectionName>(collection: K): [id: string, value: Records[K]][] {
    return [...this.#table(collection)];
  }

  put<K extends CollectionName>(collection: K, id: string, value: Records[K]): void {
    const table = this.#table(collection);
    const before = table.get(id);
    this.#undo.push(() => (before === undefined ? table.delete(id) : table.set(id, before)));
    table.set(id, value);
    this.#changes.push([collection, id, value]);
  }

  delete(collection: CollectionName, id: string): void {
    const table: Map<string, unknown> = this.#table(collection);
    const before = table.get(id);
    if (before === undefined) return;
    this.#undo.push(() => table.set(id, before));
    table.delete(id);
    this.#changes.push([collection, id, null]);
  }

  /** Runs `work` and keeps all of its changes, or none when it throws. */
  transaction<T>(work: () => T): T {
    try {
      const result = work();
      this.#commit();
      return result;
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo();
      throw error;
    } finally {
      this.#changes = [];
      this.#undo = [];
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const table of Object.values(this.#tables)) table.clear();
    if (this.#file !== undefined) this.#compact(this.#file);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #table<K extends CollectionName>(collection: K): Table<K> {
    return this.#tables[collection];
  }

  #commit(): void {
    if (this.#changes.length === 0 || this.#descriptor === undefined) return;
    this.#bytes += writeSync(this.#descriptor, `${JSON.stringify(this.#changes)}\n`);
    if (this.#bytes > COMPACT_ABOVE_BYTES && this.#file !== undefined) this.#compact(this.#file);
  }

  #load(file: string): void {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const changes = parseLine(line);
      for (const [collection, id, value] of changes) {
        const table: Map<string, unknown> | undefined = this.#tables[collection];
        if (value === null) table?.delete(id);
        else table?.set(id, value);
      }
    }
  }

  #compact(file: string): void {
    this.close();
    const lines = Object.entries(this.#tables).map(([collection, table]) =>
      JSON.stringify([...table].map(([id, value]) => [collection, id, value])),
    );
    const temporary = `${file}.new`;
    writeFileSync(temporary, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(temporary, file);
    this.#descriptor = openSync(file, 'a', 0o600);
    this.#bytes = 0;
  }
}

/** A line that a kill cut short is the last one and is dropped. */
function parseLine(line: string): Change[] {
  if (line === '') return [];
  try {
    return JSON.parse(line) as Change[];
  } catch {
    return [];
  }
}
