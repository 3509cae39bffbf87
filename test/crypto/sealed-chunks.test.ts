import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLocalFileStore } from '../../activities/gateways/file-store.ts';
import { readRecorded, recordingContext } from '../../activities/recordings/sealed-recording.ts';
import { CHUNK_BYTES, clearBytesOf, sealingChunks } from '../../crypto/sealed-chunks.ts';
import { newFileKey } from '../../crypto/sealed-stream.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { v7 as newId } from 'uuid';
import { pipeline } from 'node:stream/promises';

const store = createLocalFileStore(tempFolder());

async function kept(clear: Buffer, cuts: readonly number[]) {
  const [id, key] = [newId(), newFileKey()];
  const edges = [0, ...cuts.map((cut) => cut % (clear.length + 1)), clear.length];
  const sorted = edges.toSorted((a, b) => a - b);
  const pieces = sorted.slice(1).map((end, at) => clear.subarray(sorted[at], end));
  const target = await store.write(id);
  await pipeline(Readable.from(pieces), sealingChunks(key, recordingContext(id)), target);
  return { id, key, sizeBytes: clear.length };
}

test('any part of a sealed file reads as it was, however it was written', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(5 * CHUNK_BYTES),
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.nat(),
      fc.nat(),
      async (length, cuts, one, other) => {
        const clear = randomBytes(length);
        const file = await kept(clear, cuts);
        const known = await store.open(file.id);
        expect(clearBytesOf(known!.sizeBytes)).toBe(length);
        await known!.close();
        const [from, to] = [one % (length + 1), other % (length + 1)].toSorted((a, b) => a - b);
        const part = await readRecorded(store, file, { from: from!, to: to! });
        expect((await buffer(part)).equals(clear.subarray(from, to))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('a changed, moved or missing chunk, another key or another file is no part of it', async () => {
  const clear = randomBytes(3 * CHUNK_BYTES);
  const file = await kept(clear, []);
  const other = await kept(clear, []);
  const refused = async (changed: typeof file) =>
    expect(async () => buffer(await readRecorded(store, changed))).rejects.toMatchObject({
      code: 'internal',
    });
  await refused({ ...file, key: other.key });
  await refused({ ...other, key: file.key });
  await refused({ ...file, sizeBytes: clear.length + 1 });
});
