import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import type { AuthSettings } from '../../config/types.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';

export const AUDIENCE = 'holdfast';
/** The claim that names the token family. */
export const FAMILY_CLAIM = 'fam';

export interface AccessTokenOptions {
  readonly keyRing: KeyRing;
  /** The issuer: the API's own base URL. */
  readonly publicUrl: string;
  readonly auth: AuthSettings;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

/** A signed access token. It says who and from which family, and nothing about rights. */
export async function signAccessToken(
  { keyRing, publicUrl, auth }: AccessTokenOptions,
  personId: string,
  familyId: string,
): Promise<AccessToken> {
  const { key, ...header } = await signer(keyRing, auth);
  const expiresInSeconds = Math.ceil(auth.accessTokenTtlMs / 1000);
  const token = await new SignJWT({ [FAMILY_CLAIM]: familyId })
    .setProtectedHeader({ ...header, typ: 'JWT' })
    .setSubject(personId)
    .setIssuer(publicUrl)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${expiresInSeconds}s`)
    .sign(key);
  return { token, expiresInSeconds };
}

/** How tokens are signed under a secret that the clinic's other services have as well. */
export const SHARED_ALGORITHM = 'HS256';

export function sharedKey({ sharedSecret }: Pick<AuthSettings, 'sharedSecret'>): KeyObject | null {
  return sharedSecret === null ? null : createSecretKey(Buffer.from(sharedSecret));
}

async function signer(
  keyRing: KeyRing,
  auth: AuthSettings,
): Promise<{ readonly alg: string; readonly kid?: string; readonly key: CryptoKey | KeyObject }> {
  const key = sharedKey(auth);
  return key === null ? keyRing.signingKey() : { alg: SHARED_ALGORITHM, key };
}
