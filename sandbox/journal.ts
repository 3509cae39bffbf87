import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Named records of one kind. Treat a record as immutable: change it by putting a new one. */
export interface Collection<T> {
  get(id: string): T | undefined;
  put(id: string, record: T): void;
  remove(id: string): void;
  /** All records, in the order in which their ids were first put. */
  list(): T[];
}

export interface Journal {
  collection<T>(name: string): Collection<T>;
  clear(): void;
  close(): void;
}

interface Entry {
  readonly collection: string;
  readonly id: string;
  readonly record?: unknown;
}

type Tables = Map<string, Map<string, unknown>>;

/**
 * Opens the records of a stand-in. With a file, every change is one appended line, written
 * before the call returns, so that what was answered to a caller survives a kill; without
 * one, the records live in memory.
 */
export function openJournal(dataFile?: string): Journal {
  const tables: Tables = new Map();
  if (dataFile !== undefined) load(dataFile, tables);
  let descriptor = dataFile === undefined ? null : rewrite(dataFile, tables);

  const append = (entry: Entry): void => {
    if (descriptor !== null) appendFileSync(descriptor, `${JSON.stringify(entry)}\n`);
  };
  return {
    collection<T>(name: string): Collection<T> {
      return openCollection<T>(name, tables, append);
    },
    clear() {
      for (const table of tables.values()) table.clear();
      if (descriptor === null || dataFile === undefined) return;
      closeSync(descriptor);
      descriptor = rewrite(dataFile, tables);
    },
    close() {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}

function openCollection<T>(
  name: string,
  tables: Tables,
  append: (entry: Entry) => void,
): Collection<T> {
  const table = tableOf(tables, name);
  return {
    // The file holds only what this collection put there, so the type is the caller's own.
    get: (id) => table.get(id) as T | undefined,
    put(id, record) {
      table.set(id, record);
      append({ collection: name, id, record });
    },
    remove(id) {
      if (table.delete(id)) append({ collection: name, id });
    },
    list: () => [...table.values()] as T[],
  };
}

function tableOf(tables: Tables, name: string): Map<string, unknown> {
  const known = tables.get(name);
  if (known !== undefined) return known;
  const created = new Map<string, unknown>();
  tables.set(name, created);
  return created;
}

function load(dataFile: string, tables: Tables): void {
  for (const line of readLines(dataFile)) {
    const entry = parseEntry(line);
    if (entry === null) continue;
    const table = tableOf(tables, entry.collection);
    if (entry.record === undefined) table.delete(entry.id);
    else table.set(entry.id, entry.record);
  }
}

function readLines(dataFile: string): string[] {
  try {
    return readFileSync(dataFile, 'utf8').split('\n');
  } catch (error) {
    if (isObject(error) && Reflect.get(error, 'code') === 'ENOENT') return [];
    throw error;
  }
}

/** A kill may leave half a line at the end of the file: that change was never answered. */
function parseEntry(line: string): Entry | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : null;
  } catch {
    return null;
  }
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { collection, id } = value as Partial<Entry>;
  return typeof collection === 'string' && typeof id === 'string';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Writes the live records to a new file, puts it in place of the old one and opens it. */
function rewrite(dataFile: string, tables: Tables): number {
  mkdirSync(dirname(dataFile), { recursive: true });
  const lines: string[] = [];
  for (const [collection, table] of tables) {
    for (const [id, record] of table) lines.push(`${JSON.stringify({ collection, id, record })}\n`);
  }
  const temporary = `${dataFile}.new`;
  writeFileSync(temporary, lines.join(''), { mode: 0o600 });
  renameSync(temporary, dataFile);
  return openSync(dataFile, 'a', 0o600);
}
