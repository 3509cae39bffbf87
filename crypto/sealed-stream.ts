import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import { open } from './aead.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** A key for one file alone; it is kept sealed, beside whatever names the file. */
export function newFileKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/**
 * Seals what streams through, in the format of `seal`: AES-256-GCM with a random nonce before and
 * the tag behind. A key seals one stream only.
 */
export function sealingStream(key: Buffer, context: string): Transform {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  let begun = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback): void {
      if (!begun) this.push(nonce);
      begun = true;
      done(null, cipher.update(chunk));
    },
    flush(done: TransformCallback): void {
      if (!begun) this.push(nonce);
      this.push(cipher.final());
      done(null, cipher.getAuthTag());
    },
  });
}

/** All of a file in clear, or null when it was changed. */
export function openFile(key: Buffer, sealed: Uint8Array, context: string): Buffer | null {
  return open(createSecretKey(key), sealed, context);
}
