import type { Knex } from 'knex';
import { insertRefreshToken } from '../../db/tokens.ts';
import type { ApiDeps } from '../context.ts';
import { signAccessToken } from './access-tokens.ts';
import { newSecret } from './secrets.ts';

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Life of the access token, seconds. */
  readonly expiresIn: number;
}

/** A new refresh token of the family, stored with `db`, and an access token that belongs to it. */
export async function issuePair(
  deps: Pick<ApiDeps, 'keyRing' | 'auth' | 'http'>,
  db: Knex,
  personId: string,
  familyId: string,
): Promise<TokenPair> {
  const { keyRing, auth, http } = deps;
  const { publicUrl } = http;
  const access = await signAccessToken({ keyRing, publicUrl, auth }, personId, familyId);
  const refresh = newSecret();
  await insertRefreshToken(db, { familyId, hash: refresh.hash, ttlMs: auth.refreshTokenTtlMs });
  return {
    accessToken: access.token,
    refreshToken: refresh.token,
    expiresIn: access.expiresInSeconds,
  };
}
