import type { EnvReader } from './env-reader.ts';
import { readTrustedIssuers } from './json-settings.ts';
import type { AuthSettings } from './types.ts';

/** What HS256 needs (RFC 7518, 3.2). */
const LEAST_SECRET_BYTES = 32;
/** As the documentation of the published environment has it: everybody knows it. */
const PLACEHOLDER = 'your-secret-key';

export function readAuth(reader: EnvReader): AuthSettings {
  return {
    accessTokenTtlMs: reader.durationMs('JWT_EXPIRES_IN', 3_600_000),
    refreshTokenTtlMs: reader.durationMs('REFRESH_EXPIRES_IN', 30 * 86_400_000),
    sharedSecret: readSharedSecret(reader),
    trustedIssuers: readTrustedIssuers(reader),
  };
}

/** Whether JWT_SECRET is what the documentation shows, which signs nothing. */
export function hasPlaceholderSecret(reader: EnvReader): boolean {
  return reader.text('JWT_SECRET') === PLACEHOLDER;
}

function readSharedSecret(reader: EnvReader): string | null {
  const secret = reader.text('JWT_SECRET');
  if (secret === null) return null;
  if (hasPlaceholderSecret(reader)) {
    if (reader.text('NODE_ENV') === 'production') refuse(reader, 'is the one of the documentation');
    return null;
  }
  if (Buffer.byteLength(secret) < LEAST_SECRET_BYTES) refuse(reader, 'is too short');
  return secret;
}

function refuse(reader: EnvReader, why: string): void {
  const remedy = `give at least ${LEAST_SECRET_BYTES} bytes that nobody can guess`;
  reader.fault('JWT_SECRET', `${why}: ${remedy}, or leave it out for keys of Holdfast's own`);
}
