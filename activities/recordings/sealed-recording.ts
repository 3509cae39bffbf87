import { Readable } from 'node:stream';
import {
  CHUNK_BYTES,
  SEALED_CHUNK_BYTES,
  clearBytesOf,
  openChunk,
} from '../../crypto/sealed-chunks.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { FileStore, StoredFile } from '../gateways/file-store.ts';

/** Binds a recorded file's bytes to its id. */
export function recordingContext(id: string): string {
  return `recording/${id}`;
}

/** Bytes `from` to `to`, the last one not included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A part of a recorded file in clear, opened piece by piece while it is read. Throws `not_found` where
 * there is no such file, `internal` where it is shorter than it was; a changed one ends with an error.
 */
export async function readRecorded(
  store: FileStore,
  { id, key, sizeBytes }: { readonly id: string; readonly key: Buffer; readonly sizeBytes: number },
  range: ByteRange = { from: 0, to: sizeBytes },
): Promise<Readable> {
  const file = await store.open(id);
  if (file === null) throw new HoldfastError('not_found', 'There is no such file');
  if (clearBytesOf(file.sizeBytes) < sizeBytes) {
    await file.close();
    throw new HoldfastError('internal', 'A recorded file is not whole');
  }
  return Readable.from(opened(file, { key, context: recordingContext(id) }, range), {
    objectMode: false,
  });
}

interface Seal {
  readonly key: Buffer;
  readonly context: string;
}

async function* opened(
  file: StoredFile,
  { key, context }: Seal,
  { from, to }: ByteRange,
): AsyncGenerator<Buffer> {
  try {
    for (let index = Math.floor(from / CHUNK_BYTES); index * CHUNK_BYTES < to; index += 1) {
      const sealed = await file.read(index * SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES);
      const clear = openChunk(key, context, index, sealed);
      if (clear === null) throw new HoldfastError('internal', 'A recorded file does not open');
      const start = index * CHUNK_BYTES;
      yield clear.subarray(Math.max(from - start, 0), Math.max(to - start, 0));
    }
  } finally {
    await file.close();
  }
}
