import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { isUuid } from '../../domain/ids.ts';

/** Sealed bytes by id. Whatever is put here is ciphertext already. */
export interface FileStore {
  /** Where a new file's bytes go; it is there once the stream has finished. */
  write(id: string): Promise<Writable>;
  /** All of a file; null when there is none. */
  read(id: string): Promise<Buffer | null>;
  /** A file to read parts of, to be closed in the end; null when there is none. */
  open(id: string): Promise<StoredFile | null>;
  /** Removes a file; one that isn't there is no fault. */
  remove(id: string): Promise<void>;
  /** The ids of files that nobody has written to since an instant, epoch ms. */
  olderThan(atMs: number): AsyncIterable<string>;
}

export interface StoredFile {
  readonly sizeBytes: number;
  /** When it was last written to. */
  readonly writtenAt: Date;
  /** Up to `length` bytes from `position` on; fewer at the end. */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** Files in a folder of this machine, which all API processes of an installation share. */
export function createLocalFileStore(folder: string): FileStore {
  const pathOf = (id: string): string => {
    if (!isUuid(id)) throw new TypeError('A file is kept by its UUID');
    // The end of a time-ordered id is random, so that no folder holds all files of a day.
    return join(folder, id.slice(-2), id);
  };
  return {
    write: async (id) => {
      const path = pathOf(id);
      await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_FOLDER });
      return createWriteStream(path, { flags: 'wx', mode: OWNER_ONLY });
    },
    read: async (id) => {
      try {
        return await readFile(pathOf(id));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    open: (id) => openFile(pathOf(id)),
    remove: (id) => rm(pathOf(id), { force: true }),
    olderThan: (atMs) => listOlder(folder, atMs),
  };
}

async function openFile(path: string): Promise<StoredFile | null> {
  const file = await open(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (file === null) return null;
  const { size, mtime } = await file.stat();
  return {
    sizeBytes: size,
    writtenAt: mtime,
    read: async (position, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

async function* listOlder(folder: string, atMs: number): AsyncGenerator<string> {
  for (const part of await namesIn(folder)) {
    for (const name of await namesIn(join(folder, part))) {
      if (!isUuid(name)) continue;
      const known = await stat(join(folder, part, name)).catch(() => null);
      if (known !== null && known.mtimeMs < atMs) yield name;
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error) || (error as { code?: string }).code === 'ENOTDIR') return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: string } | null)?.code === 'ENOENT';
}
