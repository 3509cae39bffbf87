import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

export interface Secret {
  /** For its holder alone. */
  readonly token: string;
  /** What is stored. */
  readonly hash: Buffer;
}

export function newSecret(): Secret {
  const token = randomBytes(SECRET_BYTES).toString('base64url');
  return { token, hash: hashSecret(token) };
}

/** A secret of 256 random bits needs no slow hash. */
export function hashSecret(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
