import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/** So much is sealed at once: what a crash loses at most, and what a look into a file opens at least. */
export const CHUNK_BYTES = 16 * 1_024;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/**
 * Seals a long file in chunks, each AES-256-GCM with its number as the nonce, so that any part of it
 * can be opened alone, and all that was written of it when the power fails. A key seals one file only.
 * Whoever reads it has to know how long it is: that nothing is missing at its end no chunk tells.
 */
export function sealingChunks(key: Buffer, context: string): Transform {
  let index = 0;
  let held = Buffer.alloc(0);
  return new Transform({
    transform(bytes: Buffer, _encoding, done: TransformCallback): void {
      held = Buffer.concat([held, bytes]);
      while (held.length >= CHUNK_BYTES) {
        this.push(sealChunk(key, context, index, held.subarray(0, CHUNK_BYTES)));
        index += 1;
        held = held.subarray(CHUNK_BYTES);
      }
      done();
    },
    flush(done: TransformCallback): void {
      if (held.length > 0) this.push(sealChunk(key, context, index, held));
      done();
    },
  });
}

/** How much is in a sealed file of this size. */
export function clearBytesOf(sealedBytes: number): number {
  const whole = Math.floor(sealedBytes / SEALED_CHUNK_BYTES);
  const rest = sealedBytes % SEALED_CHUNK_BYTES;
  return whole * CHUNK_BYTES + Math.max(rest - TAG_BYTES, 0);
}

/** One chunk in clear, or null when it was changed, moved, or sealed for another file. */
export function openChunk(
  key: Buffer,
  context: string,
  index: number,
  sealed: Buffer,
): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index), options);
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const body = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    return Buffer.concat([body, decipher.final()]);
  } catch {
    return null;
  }
}

function sealChunk(key: Buffer, context: string, index: number, clear: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index));
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
}

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(index), NONCE_BYTES - 8);
  return nonce;
}
