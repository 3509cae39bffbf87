import { SignJWT } from 'jose';
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
  const { kid, alg, key } = await keyRing.signingKey();
  const expiresInSeconds = Math.ceil(auth.accessTokenTtlMs / 1000);
  const token = await new SignJWT({ [FAMILY_CLAIM]: familyId })
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setSubject(personId)
    .setIssuer(publicUrl)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${expiresInSeconds}s`)
    .sign(key);
  return { token, expiresInSeconds };
}
